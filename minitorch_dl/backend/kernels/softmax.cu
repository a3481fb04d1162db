// Softmax, its logarithm and their gradients: a block for each row of contiguous elements.

template <bool logarithm>
__device__ void normalize(const T* a, T* y, long long columns) {
    SHARED(memory);
    a += blockIdx.x * columns;
    y += blockIdx.x * columns;
    A largest = a[0];
    EACH_OF_BLOCK(j, columns) largest = Larger()(largest, (A)a[j]);
    largest = block_reduce(largest, memory, Larger());
    A sum = 0;  // through which a NaN comes back
    EACH_OF_BLOCK(j, columns) sum += exp((A)a[j] - largest);
    sum = block_reduce(sum, memory, Add());
    A log_sum = log(sum);
    EACH_OF_BLOCK(j, columns) {
        A less = (A)a[j] - largest;
        y[j] = logarithm ? less - log_sum : exp(less) / sum;
    }
}

extern "C" __global__ void softmax(const T* a, T* y, long long columns) {
    normalize<false>(a, y, columns);
}

extern "C" __global__ void log_softmax(const T* a, T* y, long long columns) {
    normalize<true>(a, y, columns);
}

extern "C" __global__ void softmax_slope(const T* g, const T* y, T* d, long long columns) {
    SHARED(memory);
    g += blockIdx.x * columns;
    y += blockIdx.x * columns;
    d += blockIdx.x * columns;
    A dot = 0;
    EACH_OF_BLOCK(j, columns) dot += (A)g[j] * (A)y[j];
    dot = block_reduce(dot, memory, Add());
    EACH_OF_BLOCK(j, columns) d[j] = ((A)g[j] - dot) * (A)y[j];
}

extern "C" __global__ void log_softmax_slope(const T* g, const T* y, T* d, long long columns) {
    SHARED(memory);
    g += blockIdx.x * columns;
    y += blockIdx.x * columns;
    d += blockIdx.x * columns;
    A sum = 0;
    EACH_OF_BLOCK(j, columns) sum += (A)g[j];
    sum = block_reduce(sum, memory, Add());
    EACH_OF_BLOCK(j, columns) d[j] = (A)g[j] - exp((A)y[j]) * sum;
}
