// Softmax, its logarithm and their gradients, along lines.

template <bool logarithm>
__device__ void normalize(const T* a, T* y, Lines lines) {
    SHARED(memory);
    EACH_LINE(line, lines) {
        long long at = lines.start(line), inner = lines.inner, length = lines.length(line);
        A largest = length ? (A)a[at] : (A)0;
        EACH_OF_LINE(j, length, lines) largest = Larger()(largest, (A)a[at + j * inner]);
        largest = block_reduce(largest, memory, Larger(), lines.width);
        A sum = 0;  // through which a NaN comes back
        EACH_OF_LINE(j, length, lines) sum += exp((A)a[at + j * inner] - largest);
        sum = block_reduce(sum, memory, Add(), lines.width);
        A log_sum = log(sum);
        EACH_OF_LINE(j, length, lines) {
            A less = (A)a[at + j * inner] - largest;
            y[at + j * inner] = logarithm ? less - log_sum : exp(less) / sum;
        }
    }
}

extern "C" __global__ void softmax(const T* a, T* y, Lines lines) { normalize<false>(a, y, lines); }

extern "C" __global__ void log_softmax(const T* a, T* y, Lines lines) { normalize<true>(a, y, lines); }

extern "C" __global__ void softmax_backward(const T* g, const T* y, T* d, Lines lines) {
    SHARED(memory);
    EACH_LINE(line, lines) {
        long long start = lines.start(line), length = lines.length(line);
        A dot = 0;
        EACH_OF_LINE(j, length, lines) {
            long long at = start + j * lines.inner;
            dot += (A)g[at] * (A)y[at];
        }
        dot = block_reduce(dot, memory, Add(), lines.width);
        EACH_OF_LINE(j, length, lines) {
            long long at = start + j * lines.inner;
            d[at] = ((A)g[at] - dot) * (A)y[at];
        }
    }
}

extern "C" __global__ void log_softmax_backward(const T* g, const T* y, T* d, Lines lines) {
    SHARED(memory);
    EACH_LINE(line, lines) {
        long long start = lines.start(line), length = lines.length(line);
        A sum = 0;
        EACH_OF_LINE(j, length, lines) sum += (A)g[start + j * lines.inner];
        sum = block_reduce(sum, memory, Add(), lines.width);
        EACH_OF_LINE(j, length, lines) {
            long long at = start + j * lines.inner;
            d[at] = (A)g[at] - exp((A)y[at]) * sum;
        }
    }
}
