// Sums of the rows that go to one place, in the order of `order`, which sorts `target`: a block for
// each sorted row, of which the first of a run adds up all of it. A place that is out of range, which
// a check has noted, gets nothing.

extern "C" __global__ void add_sorted(const T* a, const long long* target, const long long* order,
                                      T* y, long long rows, long long columns, long long places) {
    long long first = blockIdx.x, to = target[first];
    if (to < 0 || to >= places || (first > 0 && target[first - 1] == to)) return;
    EACH_OF_BLOCK(j, columns) {
        A sum = 0;
        for (long long i = first; i < rows && target[i] == to; i++) sum += (A)a[order[i] * columns + j];
        y[to * columns + j] = sum;
    }
}
