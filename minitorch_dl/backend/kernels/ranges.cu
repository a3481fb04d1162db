// found = (number of the first check that failed, the value it found).

extern "C" __global__ void note_outside(const T* index, long long size, long long low, long long high,
                                        long long ignored, int ignores, long long number,
                                        long long* found) {
    EACH(i, size) {
        long long v = (long long)index[i];
        if ((v >= low && v < high) || (ignores && v == ignored)) continue;
        if (atomicCAS((unsigned long long*)found, 0ULL, (unsigned long long)number) == 0ULL)
            found[1] = v;
    }
}
