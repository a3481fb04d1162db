// What a step of a recurrent layer does after its products: a thread for each unit of each row.
// Of an LSTM's gates, those of the sigmoids come halved. A GRU's lie as r, z, n.

__device__ A sigmoid_of(A x) { return (A)0.5 * tanh((A)0.5 * x) + (A)0.5; }

// A block holds six pieces of `size`: the gates o, i, f, g, the former c, and tanh(c).
extern "C" __global__ void lstm_cell(T* block, T* c, T* h, long long size) {
    EACH(i, size) {
        A gate[4];
        for (int k = 0; k < 4; k++) {
            A a = tanh((A)block[i + k * size]);
            gate[k] = k < 3 ? (A)0.5 * a + (A)0.5 : a;
            block[i + k * size] = gate[k];
        }
        A cell = (A)block[i + 4 * size] * gate[2] + gate[3] * gate[1], t = tanh(cell);
        c[i] = cell;
        block[i + 5 * size] = t;
        h[i] = gate[0] * t;
    }
}

extern "C" __global__ void gru_cell(T* gates, const T* product, const T* bias, T* inner, T* state,
                                    long long rows, long long units) {
    EACH(i, rows * units) {
        long long column = i % units, at = i / units * 3 * units + column;
        A part[3];
        for (int k = 0; k < 3; k++)
            part[k] = (A)product[at + k * units] + (bias ? (A)bias[k * units + column] : (A)0);
        A r = sigmoid_of((A)gates[at] + part[0]);
        A z = sigmoid_of((A)gates[at + units] + part[1]);
        A n = tanh((A)gates[at + 2 * units] + r * part[2]);
        gates[at] = r;
        gates[at + units] = z;
        gates[at + 2 * units] = n;
        inner[i] = part[2];
        state[i] = n + z * ((A)state[i] - n);
    }
}
