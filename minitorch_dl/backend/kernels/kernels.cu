// The GPU's own kernels. Each has a NumPy twin, named beside it; both get contiguous arrays.

template <typename T>
__device__ T shared_max(T x, T* memory) {
    memory[threadIdx.x] = x;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            T other = memory[threadIdx.x + half];
            if (other > memory[threadIdx.x]) memory[threadIdx.x] = other;
        }
        __syncthreads();
    }
    T result = memory[0];
    __syncthreads();
    return result;
}

template <typename T>
__device__ T shared_sum(T x, T* memory) {
    memory[threadIdx.x] = x;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) memory[threadIdx.x] += memory[threadIdx.x + half];
        __syncthreads();
    }
    T result = memory[0];
    __syncthreads();
    return result;
}

// One block, of a power of two of threads, for each row. Twins: softmax and log_softmax of
// backend/exponentials.py. A NaN loses every comparison, and comes back through the sum.
template <typename T, bool logarithm>
__device__ void normalize_row(const T* a, T* y, long long columns, T* memory) {
    a += blockIdx.x * columns;
    y += blockIdx.x * columns;
    T largest = a[0];
    for (long long j = threadIdx.x; j < columns; j += blockDim.x)
        if (a[j] > largest) largest = a[j];
    largest = shared_max(largest, memory);
    T sum = 0;
    for (long long j = threadIdx.x; j < columns; j += blockDim.x) sum += exp(a[j] - largest);
    sum = shared_sum(sum, memory);
    T log_sum = log(sum);
    for (long long j = threadIdx.x; j < columns; j += blockDim.x) {
        T less = a[j] - largest;
        y[j] = logarithm ? less - log_sum : exp(less) / sum;
    }
}

// found = (number of the first check that failed, the value it found). Twin: check_range of
// backend/checks.py, which takes the extrema.
template <typename T>
__device__ void note_outside_of(const T* index, long long size, long long low, long long high,
                                long long ignored, int ignores, long long number, long long* found) {
    long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < size; i += step) {
        long long v = (long long)index[i];
        if ((v >= low && v < high) || (ignores && v == ignored)) continue;
        if (atomicCAS((unsigned long long*)found, 0ULL, (unsigned long long)number) == 0ULL)
            found[1] = v;
    }
}

#define FLOATING(T)                                                                             \
    extern "C" __global__ void softmax_##T(const T* a, T* y, long long columns) {               \
        extern __shared__ char memory[];                                                        \
        normalize_row<T, false>(a, y, columns, (T*)memory);                                     \
    }                                                                                           \
    extern "C" __global__ void log_softmax_##T(const T* a, T* y, long long columns) {           \
        extern __shared__ char memory[];                                                        \
        normalize_row<T, true>(a, y, columns, (T*)memory);                                      \
    }

#define INTEGRAL(T, name)                                                                       \
    extern "C" __global__ void note_outside_##name(                                             \
        const T* index, long long size, long long low, long long high, long long ignored,       \
        int ignores, long long number, long long* found) {                                      \
        note_outside_of(index, size, low, high, ignored, ignores, number, found);               \
    }

FLOATING(float)
FLOATING(double)
INTEGRAL(long long, int64)
INTEGRAL(int, int32)
INTEGRAL(unsigned char, uint8)
