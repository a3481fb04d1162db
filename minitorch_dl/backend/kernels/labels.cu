// The cross entropy of labels, and its gradient: a block for each sample's scores. Those of sample p
// of image n, of which each has `samples`, lie `samples` apart from n * columns * samples + p on.
// e, total: the softmax's numerators and denominator, kept for the gradient.

__device__ long long first_of(long long row, long long columns, long long samples) {
    return row / samples * columns * samples + row % samples;
}

extern "C" __global__ void label_losses(
    const T* scores, const long long* target, const T* weight, long long ignored, T* loss, A* e,
    A* total, long long columns, long long samples) {
    SHARED(memory);
    long long row = blockIdx.x;
    scores += first_of(row, columns, samples);
    e += first_of(row, columns, samples);
    A largest = scores[0];
    EACH_OF_BLOCK(j, columns) largest = Larger()(largest, (A)scores[j * samples]);
    largest = block_reduce(largest, memory, Larger());
    A sum = 0;
    EACH_OF_BLOCK(j, columns) {
        A numerator = exp((A)scores[j * samples] - largest);
        e[j * samples] = numerator;
        sum += numerator;
    }
    sum = block_reduce(sum, memory, Add());
    if (threadIdx.x != 0) return;
    long long label = target[row];
    bool counts = label != ignored;
    bool inside = label >= 0 && label < columns;  // else a check has noted it
    A factor = !counts || !inside ? (A)0 : weight ? (A)weight[label] : (A)1;
    loss[row] = counts && inside ? factor * (largest + log(sum) - (A)scores[label * samples]) : (A)0;
    total[row] = sum;
}

extern "C" __global__ void label_losses_slope(
    const T* g, const long long* target, const T* weight, long long ignored, const A* e,
    const A* total, T* d, long long columns, long long samples) {
    long long row = blockIdx.x, label = target[row];
    e += first_of(row, columns, samples);
    d += first_of(row, columns, samples);
    bool counts = label != ignored && label >= 0 && label < columns;
    A scale = counts ? (A)g[row] * (weight ? (A)weight[label] : (A)1) : (A)0;
    A share = scale / total[row];
    EACH_OF_BLOCK(j, columns)
        d[j * samples] = e[j * samples] * share - (j == label ? scale : (A)0);
}
