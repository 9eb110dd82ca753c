// The products and the attention of training, with subnormal numbers taken for zero.

static void gemm_flushed(const mk_gemm *g) {
    uint64_t before = mk_flush_begin();
    gemm(g);
    mk_flush_end(before);
}

static void attention_forward_flushed(const mk_training_attention *a) {
    uint64_t before = mk_flush_begin();
    attention_forward(a);
    mk_flush_end(before);
}

static void attention_backward_flushed(const mk_training_attention *a) {
    uint64_t before = mk_flush_begin();
    attention_backward(a);
    mk_flush_end(before);
}
