// Runs a CUDA kernel on the host: a thread per CUDA thread, block after block.
#include <barrier>
#include <cmath>
#include <thread>
#include <vector>

#define __device__
#define __global__
#define __shared__

struct Place { unsigned x; };
static thread_local Place threadIdx, blockIdx;
static Place blockDim, gridDim;
static std::barrier<>* everyone;
alignas(16) char memory[1 << 16];

static void __syncthreads() { everyone->arrive_and_wait(); }
static unsigned long long atomicCAS(unsigned long long* at, unsigned long long old, unsigned long long with) {
    return __sync_val_compare_and_swap(at, old, with);
}
using std::exp;
using std::log;

#include KERNELS

template <typename Kernel>
static void run(unsigned blocks, unsigned threads, Kernel kernel) {
    blockDim.x = threads;
    gridDim.x = blocks;
    for (unsigned block = 0; block < blocks; block++) {
        std::barrier<> together(threads);
        everyone = &together;
        std::vector<std::thread> started;
        for (unsigned i = 0; i < threads; i++)
            started.emplace_back([=] {
                threadIdx.x = i;
                blockIdx.x = block;
                kernel();
            });
        for (auto& thread : started) thread.join();
    }
}

#define ROWS(name, T)                                                                             \
    extern "C" void host_##name(unsigned blocks, unsigned threads, const T* a, T* y, long long n) { \
        run(blocks, threads, [=] { name(a, y, n); });                                              \
    }
ROWS(softmax_float, float)
ROWS(softmax_double, double)
ROWS(log_softmax_float, float)
ROWS(log_softmax_double, double)

#define RANGE(T, name)                                                                            \
    extern "C" void host_note_outside_##name(                                                     \
        unsigned blocks, unsigned threads, const T* index, long long size, long long low,         \
        long long high, long long ignored, int ignores, long long number, long long* found) {     \
        run(blocks, threads, [=] {                                                                \
            note_outside_##name(index, size, low, high, ignored, ignores, number, found);         \
        });                                                                                       \
    }
RANGE(long long, int64)
RANGE(int, int32)
RANGE(unsigned char, uint8)
