// The cross entropy of labels, and its gradient: a block for each sample's row of scores.
// e, total: the softmax's numerators and denominator, kept for the gradient.

extern "C" __global__ void label_losses(
    const T* scores, const long long* target, const T* weight, long long ignored, T* loss, A* e,
    A* total, long long columns) {
    SHARED(memory);
    long long row = blockIdx.x;
    scores += row * columns;
    e += row * columns;
    A largest = scores[0];
    EACH_OF_BLOCK(j, columns) largest = Larger()(largest, (A)scores[j]);
    largest = block_reduce(largest, memory, Larger());
    A sum = 0;
    EACH_OF_BLOCK(j, columns) {
        e[j] = exp((A)scores[j] - largest);
        sum += e[j];
    }
    sum = block_reduce(sum, memory, Add());
    if (threadIdx.x != 0) return;
    long long label = target[row];
    bool counts = label != ignored;
    bool inside = label >= 0 && label < columns;  // else a check has noted it
    A factor = !counts || !inside ? (A)0 : weight ? (A)weight[label] : (A)1;
    loss[row] = counts && inside ? factor * (largest + log(sum) - (A)scores[label]) : (A)0;
    total[row] = sum;
}

extern "C" __global__ void label_losses_slope(
    const T* g, const long long* target, const T* weight, long long ignored, const A* e,
    const A* total, T* d, long long columns) {
    long long row = blockIdx.x, label = target[row];
    e += row * columns;
    d += row * columns;
    bool counts = label != ignored && label >= 0 && label < columns;
    A scale = counts ? (A)g[row] * (weight ? (A)weight[label] : (A)1) : (A)0;
    A share = scale / total[row];
    EACH_OF_BLOCK(j, columns) d[j] = e[j] * share - (j == label ? scale : (A)0);
}
