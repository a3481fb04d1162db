// GELU and its slope, from the exact normal distribution or with tanh in its place.

__device__ A cdf_of(A x, int tanh_form) {
    if (tanh_form) return (A)0.5 * (1 + tanh((A)0.7978845608028654 * x * (1 + (A)0.044715 * x * x)));
    return (A)0.5 * (1 + erf(x * (A)0.7071067811865476));
}

extern "C" __global__ void gelu(
    const T* x, T* y, T* slope, int tanh_form, int sloped, long long size
) {
    EACH(i, size) {
        A a = x[i], c = cdf_of(a, tanh_form), density;
        y[i] = a * c;
        if (!sloped) continue;
        if (tanh_form)
            density = 2 * (A)0.7978845608028654 * (1 + 3 * (A)0.044715 * a * a) * c * (1 - c);
        else
            density = (A)0.3989422804014327 * exp((A)-0.5 * a * a);
        slope[i] = c + a * density;
    }
}
