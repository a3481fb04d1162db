// Random numbers of a counter (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011):
// word k of group i of a draw is word k of Philox-4x32-10 of the counter (draw, i), under the seed.

struct Draw {
    unsigned long long seed, number;
    const unsigned long long* base;  // or where a captured step finds its seed and its first number
};

__device__ void philox(Draw draw, unsigned long long group, unsigned* words) {
    unsigned long long seed = draw.base ? draw.base[0] : draw.seed;
    unsigned long long number = draw.number + (draw.base ? draw.base[1] : 0);
    unsigned k0 = (unsigned)seed, k1 = (unsigned)(seed >> 32);
    unsigned c0 = (unsigned)number, c1 = (unsigned)(number >> 32);
    unsigned c2 = (unsigned)group, c3 = (unsigned)(group >> 32);
    for (int round = 0; round < 10; round++) {
        unsigned long long p0 = 0xD2511F53ULL * c0, p1 = 0xCD9E8D57ULL * c2;
        unsigned next0 = (unsigned)(p1 >> 32) ^ c1 ^ k0, next2 = (unsigned)(p0 >> 32) ^ c3 ^ k1;
        c1 = (unsigned)p1;
        c3 = (unsigned)p0;
        c0 = next0;
        c2 = next2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

// x, or 1 without it, times a factor where the word is below the bound, else times 0.
extern "C" __global__ void bernoulli(const T* x, T* y, Draw draw, unsigned long long bound, A factor,
                                     long long size) {
    EACH(group, (size + 3) / 4) {
        unsigned words[4];
        philox(draw, group, words);
        for (int k = 0; k < 4 && 4 * group + k < size; k++) {
            long long i = 4 * group + k;
            y[i] = (x ? (A)x[i] : (A)1) * (words[k] < bound ? factor : (A)0);
        }
    }
}

// The next words as they are, for what array code makes of them.
extern "C" __global__ void random_words(unsigned* y, Draw draw, long long size) {
    EACH(group, (size + 3) / 4) {
        unsigned words[4];
        philox(draw, group, words);
        for (int k = 0; k < 4 && 4 * group + k < size; k++) y[4 * group + k] = words[k];
    }
}
