// The cross entropy of labels or probabilities, and the gradient of the scores: a line of scores for
// each sample, whose logarithm of the sum of exponentials is kept for the gradient.

// What is wanted of the classes: their weights times the probabilities `q`, or 1 at the label, of which
// an even part `even` for each class takes the place of all but `rest`.
struct Wanted {
    const long long* target;
    const T *q, *weight;
    long long ignored;
    A even, rest;
    __device__ bool counts(long long line, long long columns) const {
        if (!target) return true;
        long long label = target[line];  // one out of range was noted by a check
        return label != ignored && label >= 0 && label < columns;
    }
    __device__ A operator()(long long line, long long j, long long at) const {
        A share = even + rest * (target ? (A)(target[line] == j) : (A)q[at]);
        return weight && (q || share) ? share * (A)weight[j] : share;
    }
};

extern "C" __global__ void class_losses(const T* scores, Wanted wanted, T* loss, A* log_sum,
                                        Lines lines) {
    SHARED(memory);
    EACH_LINE(line, lines) {
        long long start = lines.start(line), length = lines.length(line);
        A largest = length ? (A)scores[start] : (A)0;
        EACH_OF_LINE(j, length, lines)
            largest = Larger()(largest, (A)scores[start + j * lines.inner]);
        largest = block_reduce(largest, memory, Larger(), lines.width);
        bool counts = length && wanted.counts(line, length);
        A sum = 0, all = 0, less = 0;
        EACH_OF_LINE(j, length, lines) {
            long long at = start + j * lines.inner;
            sum += exp((A)scores[at] - largest);
            A share = counts ? wanted(line, j, at) : (A)0;
            all += share;
            if (counts && (wanted.q || share)) less += share * (largest - (A)scores[at]);
        }
        sum = block_reduce(sum, memory, Add(), lines.width);
        all = block_reduce(all, memory, Add(), lines.width);
        less = block_reduce(less, memory, Add(), lines.width);
        if (length && threadIdx.x < lines.width) {
            loss[line] = counts ? less + all * log(sum) : (A)0;
            log_sum[line] = largest + log(sum);
        }
    }
}

extern "C" __global__ void class_losses_backward(const T* g, const T* scores, Wanted wanted,
                                              const A* log_sum, T* d, Lines lines) {
    SHARED(memory);
    EACH_LINE(line, lines) {
        long long start = lines.start(line), length = lines.length(line);
        bool counts = length && wanted.counts(line, length);
        A all = 0;
        if (counts) EACH_OF_LINE(j, length, lines) all += wanted(line, j, start + j * lines.inner);
        all = block_reduce(all, memory, Add(), lines.width);
        EACH_OF_LINE(j, length, lines) {
            long long at = start + j * lines.inner;
            A share = counts ? wanted(line, j, at) : (A)0;
            d[at] = (A)g[line] * (exp((A)scores[at] - log_sum[line]) * all - share);
        }
    }
}
