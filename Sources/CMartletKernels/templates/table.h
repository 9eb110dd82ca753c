// The table of the instruction set at hand; the including file names it in MK_TABLE.
const mk_kernels MK_TABLE = {
    .set = MK_SET,
    .matmul = matmul,
    .quantize = quantize,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .rotate = rotate,
    .add = add,
    .gelu = gelu,
    .swiglu = swiglu,
    .append = append,
    .attend = attend,
    .scores = scores,
    .page_scores = page_scores,
    .softmax = softmax,
    .argmax = argmax,
    .read_bytes = read_bytes,
};
