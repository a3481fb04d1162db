// Runs a CUDA kernel on the host: a thread per CUDA thread, block after block.
#include <barrier>
#include <thread>
#include <vector>

struct Place { unsigned x; };
thread_local Place threadIdx, blockIdx;
Place blockDim, gridDim;
double shared[1 << 13];
static std::barrier<>* everyone;

void __syncthreads() { everyone->arrive_and_wait(); }

extern "C" void run(void (*kernel)(void**), unsigned blocks, unsigned threads, void** args) {
    blockDim.x = threads;
    gridDim.x = blocks;
    std::barrier<> end_of_block(threads);
    std::vector<std::thread> started;
    std::vector<std::barrier<>*> barriers;
    for (unsigned block = 0; block < blocks; block++) barriers.push_back(new std::barrier<>(threads));
    for (unsigned i = 0; i < threads; i++)
        started.emplace_back([=, &end_of_block, &barriers] {
            threadIdx.x = i;
            for (unsigned block = 0; block < blocks; block++) {
                blockIdx.x = block;
                if (i == 0) everyone = barriers[block];
                end_of_block.arrive_and_wait();
                kernel(args);
                barriers[block]->arrive_and_drop();  // it may have left before the others wait again
                end_of_block.arrive_and_wait();
            }
        });
    for (auto& thread : started) thread.join();
    for (auto* barrier : barriers) delete barrier;
}
