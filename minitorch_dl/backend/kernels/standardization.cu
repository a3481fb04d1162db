// Layer, RMS, group, instance and batch norm. Row r, of `count` elements, is one for which a mean and
// a variance are taken: its element j lies at
//     (r / groups) * outer + (r % groups) * inner + (j / span) * jump + j % span,
// and takes weight number (r % groups) * per_group + (j / piece) * step.

struct Rows {
    long long count, groups, outer, inner, span, jump, per_group, piece, step;
};

__device__ long long place(const Rows& rows, long long row, long long j) {
    return (row / rows.groups) * rows.outer + (row % rows.groups) * rows.inner +
           (j / rows.span) * rows.jump + j % rows.span;
}

__device__ long long number(const Rows& rows, long long row, long long j) {
    return (row % rows.groups) * rows.per_group + (j / rows.piece) * rows.step;
}

extern "C" __global__ void standardize(const T* x, const T* w, const T* b, T* y, A* mean, A* variance,
                                       A eps, int centered, Rows rows) {
    SHARED(memory);
    long long row = blockIdx.x;
    A m = 0;
    if (centered) {
        EACH_OF_BLOCK(j, rows.count) m += (A)x[place(rows, row, j)];
        m = block_reduce(m, memory, Add()) / rows.count;
    }
    A v = 0;
    EACH_OF_BLOCK(j, rows.count) {
        A less = (A)x[place(rows, row, j)] - m;
        v += less * less;
    }
    v = block_reduce(v, memory, Add()) / rows.count;
    A scale = 1 / sqrt(v + eps);
    EACH_OF_BLOCK(j, rows.count) {
        long long at = place(rows, row, j), k = number(rows, row, j);
        A s = ((A)x[at] - m) * scale;
        if (w) s *= (A)w[k];
        if (b) s += (A)b[k];
        y[at] = s;
    }
    if (threadIdx.x == 0) {
        mean[row] = m;
        variance[row] = v;
    }
}

// Gradients of weights, by the first `blocks` blocks. Of one weight per element of a row: a block for
// 32 of them and one of `parts` of the rows, whose sums `partial` takes, (2, parts, channels), where
// there are several. Of one per channel of (images, channels, size): a block for each. The moments of
// channel c of image n are those of row n * per_image + c / per_row.
struct Weights {
    long long blocks, parts, images, channels, size, per_image, per_row;
    int by_column;
};

struct Moments {
    const A *mean, *variance;
    A eps;
    __device__ A scale(long long row) const { return 1 / sqrt(variance[row] + eps); }
};

__device__ void column_slopes(const T* g, const T* x, Moments moments, T* dw, T* db, A* partial,
                              const Weights& weights, A* memory) {
    unsigned lane = threadIdx.x % 32;
    long long columns = weights.channels, part = blockIdx.x % weights.parts;
    long long column = blockIdx.x / weights.parts * 32 + lane;
    long long first = weights.images * part / weights.parts;
    long long last = weights.images * (part + 1) / weights.parts;
    A sum = 0, dot = 0;
    if (column < columns)
        for (long long row = first + threadIdx.x / 32; row < last; row += blockDim.x / 32) {
            A u = g[row * columns + column];
            sum += u;
            dot += u * ((A)x[row * columns + column] - moments.mean[row]) * moments.scale(row);
        }
    dot = block_reduce(dot, memory, Add(), 32);
    sum = block_reduce(sum, memory, Add(), 32);
    if (threadIdx.x >= 32 || column >= columns) return;
    if (partial) {
        partial[part * columns + column] = dot;
        partial[(weights.parts + part) * columns + column] = sum;
    } else {
        if (dw) dw[column] = dot;
        if (db) db[column] = sum;
    }
}

__device__ void channel_slopes(const T* g, const T* x, Moments moments, T* dw, T* db,
                               const Weights& weights, A* memory) {
    long long c = blockIdx.x, size = weights.size;
    A sum = 0, dot = 0;
    EACH_OF_BLOCK(j, weights.images * size) {
        long long at = (j / size * weights.channels + c) * size + j % size;
        long long row = j / size * weights.per_image + c / weights.per_row;
        A u = g[at];
        sum += u;
        dot += u * ((A)x[at] - moments.mean[row]) * moments.scale(row);
    }
    sum = block_reduce(sum, memory, Add());
    dot = block_reduce(dot, memory, Add());
    if (threadIdx.x == 0) {
        if (dw) dw[c] = dot;
        if (db) db[c] = sum;
    }
}

// dx = (h - m(h) - s m(h s)) / sqrt(variance + eps), with s = x standardised and h = g w.
__device__ void row_slopes(const T* g, const T* x, const T* w, Moments moments, T* dx, int centered,
                           const Rows& rows, long long row, A* memory) {
    A m = moments.mean[row], scale = moments.scale(row), sum = 0, dot = 0;
    EACH_OF_BLOCK(j, rows.count) {
        long long at = place(rows, row, j);
        A h = (A)g[at] * (w ? (A)w[number(rows, row, j)] : (A)1);
        sum += h;
        dot += h * ((A)x[at] - m) * scale;
    }
    sum = centered ? block_reduce(sum, memory, Add()) / rows.count : (A)0;
    dot = block_reduce(dot, memory, Add()) / rows.count;
    EACH_OF_BLOCK(j, rows.count) {
        long long at = place(rows, row, j);
        A h = (A)g[at] * (w ? (A)w[number(rows, row, j)] : (A)1);
        dx[at] = (h - sum - ((A)x[at] - m) * scale * dot) * scale;
    }
}

// All gradients at once: the first blocks, which have the most to do, are for those of the weights.
extern "C" __global__ void standardize_backward(const T* g, const T* x, const T* w, const A* mean,
                                             const A* variance, T* dx, T* dw, T* db,
                                             A* partial, A eps, int centered, Rows rows,
                                             Weights weights) {
    SHARED(memory);
    Moments moments = {mean, variance, eps};
    if (blockIdx.x < weights.blocks) {
        if (weights.by_column) column_slopes(g, x, moments, dw, db, partial, weights, memory);
        else channel_slopes(g, x, moments, dw, db, weights, memory);
    } else {
        row_slopes(g, x, w, moments, dx, centered, rows, blockIdx.x - weights.blocks, memory);
    }
}
