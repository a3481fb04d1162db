// A CUDA kernel's surroundings on the host, where a thread stands for each of a block's.
#include <cmath>

#define __device__
#define __global__
#define __shared__

struct Place { unsigned x; };
extern thread_local Place threadIdx, blockIdx;
extern Place blockDim, gridDim;
void __syncthreads();

inline unsigned long long atomicCAS(unsigned long long* at, unsigned long long old, unsigned long long with) {
    return __sync_val_compare_and_swap(at, old, with);
}
using std::erf;
using std::exp;
using std::log;
using std::pow;
using std::sqrt;
using std::tanh;
