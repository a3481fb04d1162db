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

// dx = (h - m(h) - s m(h s)) / sqrt(variance + eps), with s = x standardised and h = g w.
extern "C" __global__ void standardize_slope(const T* g, const T* x, const T* w, const A* mean,
                                             const A* variance, T* dx, A eps, int centered, Rows rows) {
    SHARED(memory);
    long long row = blockIdx.x;
    A m = mean[row], scale = 1 / sqrt(variance[row] + eps), sum = 0, dot = 0;
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

// dw and db of one weight per element of a row: a block takes 32 columns, its threads a share of the
// rows each.
extern "C" __global__ void column_slopes(const T* g, const T* x, const A* mean, const A* variance,
                                         T* dw, T* db, A eps, long long n, long long columns) {
    SHARED(memory);
    unsigned lane = threadIdx.x % 32;
    long long column = blockIdx.x * 32LL + lane;
    A sum = 0, dot = 0;
    if (column < columns)
        for (long long row = threadIdx.x / 32; row < n; row += blockDim.x / 32) {
            A u = g[row * columns + column];
            sum += u;
            dot += u * ((A)x[row * columns + column] - mean[row]) / sqrt(variance[row] + eps);
        }
    for (int which = 0; which < 2; which++) {
        memory[threadIdx.x] = which ? dot : sum;
        __syncthreads();
        for (unsigned half = blockDim.x / 2; half >= 32; half /= 2) {
            if (threadIdx.x < half) memory[threadIdx.x] += memory[threadIdx.x + half];
            __syncthreads();
        }
        T* into = which ? dw : db;
        if (into && threadIdx.x < 32 && column < columns) into[column] = memory[lane];
        __syncthreads();
    }
}

// dw and db of one weight per channel of (N, C, S): a block for each channel. Channel c of image n is
// in row n * per_image + c / per_row.
extern "C" __global__ void channel_slopes(const T* g, const T* x, const A* mean, const A* variance,
                                          T* dw, T* db, A eps, long long n, long long channels,
                                          long long size, long long per_image, long long per_row) {
    SHARED(memory);
    long long c = blockIdx.x;
    A sum = 0, dot = 0;
    EACH_OF_BLOCK(j, n * size) {
        long long at = (j / size * channels + c) * size + j % size;
        long long row = j / size * per_image + c / per_row;
        A u = g[at];
        sum += u;
        dot += u * ((A)x[at] - mean[row]) / sqrt(variance[row] + eps);
    }
    sum = block_reduce(sum, memory, Add());
    dot = block_reduce(dot, memory, Add());
    if (threadIdx.x != 0) return;
    if (dw) dw[c] = dot;
    if (db) db[c] = sum;
}
