// Columns of a 2-D convolution, and pooling by the maximum: a thread for each result.

struct Windows {
    int height, width, out_height, out_width, kernel_height, kernel_width;
    int stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
};

// columns[n, c, k, t], at n * image + (c * K + k) * tap + t.
extern "C" __global__ void im2col(const T* x, T* columns, long long size, long long channels,
                                  long long image, long long tap, Windows w) {
    long long windows = (long long)w.out_height * w.out_width;
    int taps = w.kernel_height * w.kernel_width;
    EACH(i, size) {
        long long t = i % windows, k = i / windows % taps, c = i / windows / taps % channels;
        long long n = i / windows / taps / channels;
        long long row = t / w.out_width * w.stride_y - w.pad_y + k / w.kernel_width * w.dilation_y;
        long long column = t % w.out_width * w.stride_x - w.pad_x + k % w.kernel_width * w.dilation_x;
        bool inside = row >= 0 && row < w.height && column >= 0 && column < w.width;
        columns[n * image + (c * taps + k) * tap + t] =
            inside ? x[((n * channels + c) * w.height + row) * w.width + column] : (T)0;
    }
}

// The tap of a window that meets an element, or -1: `offset` is the element's place, plus the padding.
__device__ long long window_of(long long offset, int stride, int windows) {
    if (offset < 0 || offset % stride) return -1;
    return offset / stride < windows ? offset / stride : -1;
}

// x += the columns that each element went to.
extern "C" __global__ void col2im(const T* columns, T* x, long long size, long long channels,
                                  long long image, long long tap, Windows w) {
    int taps = w.kernel_height * w.kernel_width;
    EACH(i, size) {
        long long column = i % w.width, row = i / w.width % w.height;
        long long c = i / w.width / w.height % channels, n = i / w.width / w.height / channels;
        A sum = x[i];
        for (int k = 0; k < taps; k++) {
            long long down = window_of(row + w.pad_y - k / w.kernel_width * w.dilation_y, w.stride_y,
                                       w.out_height);
            long long right = window_of(column + w.pad_x - k % w.kernel_width * w.dilation_x,
                                        w.stride_x, w.out_width);
            if (down < 0 || right < 0) continue;
            sum += (A)columns[n * image + (c * taps + k) * tap + down * w.out_width + right];
        }
        x[i] = sum;
    }
}

// y = the largest element of each window, or a NaN.
extern "C" __global__ void max_pool(const T* x, T* y, long long size, A lowest, Windows w) {
    EACH(i, size) {
        long long right = i % w.out_width, down = i / w.out_width % w.out_height;
        const T* plane = x + i / w.out_width / w.out_height * w.height * w.width;
        T best = (T)lowest;
        for (int k = 0; k < w.kernel_height * w.kernel_width; k++) {
            long long row = down * w.stride_y - w.pad_y + k / w.kernel_width * w.dilation_y;
            long long column = right * w.stride_x - w.pad_x + k % w.kernel_width * w.dilation_x;
            if (row < 0 || row >= w.height || column < 0 || column >= w.width) continue;
            T value = plane[row * w.width + column];
            if ((A)value > (A)best || (A)value != (A)value) best = value;
        }
        y[i] = best;
    }
}

// to[i] = the sum of u over the windows whose first maximum, `top`, is at i.
extern "C" __global__ void max_scatter(const T* u, const T* x, const T* top, T* to, long long size,
                                       Windows w) {
    int taps = w.kernel_height * w.kernel_width;
    long long windows = (long long)w.out_height * w.out_width;
    EACH(i, size) {
        long long column = i % w.width, row = i / w.width % w.height, plane = i / w.width / w.height;
        const T* mine = x + plane * w.height * w.width;
        A sum = 0;
        for (int k = 0; k < taps; k++) {
            long long down = window_of(row + w.pad_y - k / w.kernel_width * w.dilation_y, w.stride_y,
                                       w.out_height);
            long long right = window_of(column + w.pad_x - k % w.kernel_width * w.dilation_x,
                                        w.stride_x, w.out_width);
            if (down < 0 || right < 0) continue;
            long long at = plane * windows + down * w.out_width + right;
            if (!((A)x[i] >= (A)top[at])) continue;
            bool first = true;
            for (int before = 0; before < k && first; before++) {
                long long r = down * w.stride_y - w.pad_y + before / w.kernel_width * w.dilation_y;
                long long c = right * w.stride_x - w.pad_x + before % w.kernel_width * w.dilation_x;
                if (r < 0 || r >= w.height || c < 0 || c >= w.width) continue;
                first = !((A)mine[r * w.width + c] >= (A)top[at]);
            }
            if (first) sum += (A)u[at];
        }
        to[i] = sum;
    }
}
