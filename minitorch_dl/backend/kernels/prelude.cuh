// What every kernel may use: the 16-bit floats, and sums and maxima over a block of threads.
// The file that includes this one defines T, the dtype of the arrays, and A, in which it computes.

struct half_t {
    unsigned short bits;
    half_t() = default;
    __device__ half_t(float x) {
#ifdef __CUDACC__
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
#else
        *(_Float16*)&bits = (_Float16)x;
#endif
    }
    __device__ operator float() const {
#ifdef __CUDACC__
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
#else
        return (float)*(const _Float16*)&bits;
#endif
    }
};

// The upper half of a float, rounded to the nearest, to even where two are as near.
struct bfloat16_t {
    unsigned short bits;
    bfloat16_t() = default;
    __device__ bfloat16_t(float x) {
        union { float number; unsigned word; } u;
        u.number = x;
        bits = x == x ? (u.word + 0x7fff + ((u.word >> 16) & 1)) >> 16 : 0x7fc0;
    }
    __device__ operator float() const {
        union { float number; unsigned word; } u;
        u.word = (unsigned)bits << 16;
        return u.number;
    }
};

// The memory that a block's threads share: one A each. A block has a power of two of threads.
#define SHARED(memory) extern __shared__ double shared[]; A* memory = (A*)shared

// What a block's threads combine; with a width, those whose numbers leave the same rest.
template <typename Combine, typename Number>
__device__ Number block_reduce(Number x, Number* memory, Combine combine, unsigned width = 1) {
    memory[threadIdx.x] = x;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half >= width; half /= 2) {
        if (threadIdx.x < half)
            memory[threadIdx.x] = combine(memory[threadIdx.x], memory[threadIdx.x + half]);
        __syncthreads();
    }
    Number result = memory[threadIdx.x % width];
    __syncthreads();
    return result;
}

struct Add {
    template <typename N> __device__ N operator()(N a, N b) const { return a + b; }
};
struct Larger {  // a NaN loses every comparison
    template <typename N> __device__ N operator()(N a, N b) const { return b > a ? b : a; }
};

// One thread's share of a loop over `size` elements by all threads of all blocks.
#define EACH(i, size)                                                                \
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < (size); \
         i += (long long)gridDim.x * blockDim.x)

// One thread's share of a loop over `size` elements by the threads of a block.
#define EACH_OF_BLOCK(j, size) for (long long j = threadIdx.x; j < (size); j += blockDim.x)

// The lines along an axis of contiguous arrays (outer, columns, inner), of which a block takes `width`
// that lie beside each other: neighbouring threads then read neighbouring numbers.
struct Lines {
    long long count, columns, inner;
    unsigned width;
    __device__ long long start(long long line) const {
        return line / inner * columns * inner + line % inner;
    }
    __device__ long long length(long long line) const { return line < count ? columns : 0; }
};

// A block's lines, for each thread its own; all threads stay in the loop, also past the last line.
#define EACH_LINE(line, lines)                                                               \
    for (long long first = (long long)blockIdx.x * (lines).width,                            \
                   line = first + threadIdx.x % (lines).width;                               \
         first < (lines).count;                                                              \
         first += (long long)gridDim.x * (lines).width, line = first + threadIdx.x % (lines).width)

// One thread's share of a line.
#define EACH_OF_LINE(j, length, lines)                                      \
    for (long long j = threadIdx.x / (lines).width; j < (length); j += blockDim.x / (lines).width)
