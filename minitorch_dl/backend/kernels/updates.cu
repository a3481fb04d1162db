// A step of an optimizer for many parameters at once: a thread for each of their elements.
// The moments of all lie one after the other, from `start` on.

const int TENSORS = 128;

struct Tensors {
    T* param[TENSORS];
    const T* grad[TENSORS];
    long long start[TENSORS + 1];
    int count, maximize;
};

struct Element {
    T* param;
    A grad;
    __device__ Element(const Tensors& tensors, long long i) {
        int low = 0, high = tensors.count - 1;
        while (low < high) {  // the last one that starts at i or before
            int middle = (low + high + 1) / 2;
            if (tensors.start[middle] <= i) low = middle;
            else high = middle - 1;
        }
        param = tensors.param[low] + (i - tensors.start[low]);
        A g = tensors.grad[low][i - tensors.start[low]];
        grad = tensors.maximize ? -g : g;
    }
};

// A learning rate and a step count in the device's memory take the place of `lr`, `c1` and `c2`.
extern "C" __global__ void adam(Tensors tensors, T* m, T* v, T* v_max, double lr, double beta1,
                                double beta2, double eps, double weight_decay, int decoupled,
                                double c1, double c2, const float* rate, const float* step) {
    if (rate) lr = *rate;
    if (step) {
        c1 = 1 - pow(beta1, (double)*step);
        c2 = sqrt(1 - pow(beta2, (double)*step));
    }
    A keep = 1 - lr * weight_decay, decay = weight_decay, share1 = 1 - beta1, share2 = 1 - beta2;
    A keep2 = beta2, least = eps * c2, rate_of_move = lr * c2 / c1;
    long long first = tensors.start[0], size = tensors.start[tensors.count] - first;
    EACH(j, size) {
        long long i = first + j;
        Element e(tensors, i);
        A theta = *e.param, g = e.grad;
        if (decoupled) theta *= keep;
        else g += decay * theta;
        A mean = (A)m[i] + (g - (A)m[i]) * share1;
        A square = (A)v[i] * keep2 + g * g * share2;
        m[i] = mean;
        v[i] = square;
        if (v_max) {
            square = square > (A)v_max[i] || square != square ? square : (A)v_max[i];
            v_max[i] = square;
        }
        *e.param = theta - mean / (sqrt(square) + least) * rate_of_move;
    }
}

extern "C" __global__ void sgd(Tensors tensors, T* buffer, double lr, double momentum,
                               double dampening, double weight_decay, int nesterov,
                               const float* rate) {
    A step = rate ? (double)*rate : lr, keep = momentum, share = 1 - dampening, decay = weight_decay;
    long long first = tensors.start[0], size = tensors.start[tensors.count] - first;
    EACH(j, size) {
        long long i = first + j;
        Element e(tensors, i);
        A theta = *e.param, g = e.grad + decay * theta, move = g;
        if (buffer) {
            A b = (A)buffer[i] * keep + g * share;
            buffer[i] = b;
            move = nesterov ? g + keep * b : b;
        }
        *e.param = theta - step * move;
    }
}
