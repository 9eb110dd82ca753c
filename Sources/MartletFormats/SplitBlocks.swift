/// Stored numbers that do not follow one another in their file.

/// How many elements lie from one row to the next, and from one column to the next.
package struct ElementStrides: Sendable, Hashable {
    let row: Int
    let column: Int
}

/// MXFP4 as safetensors have it: codes and scales in tensors of their own, the codes of neighbours in one byte.
struct SplitBlocks: Sendable {
    /// The file of the scales, and their bytes from the first row on.
    let file: MappedFile
    let scales: Range<Int>
    /// Blocks of a row.
    let blocks: Int
    /// Rows of the file from one of the tensor's to the next.
    let step: Int

    /// Brings a row's blocks to the order of ``StoredBlocks/mxfp4``: the scale, then the codes of the block's halves
    /// beside each other. No bit is lost.
    func copy(row: Int, codes: UnsafeRawBufferPointer, into out: UnsafeMutablePointer<UInt8>) {
        let first = row * step * blocks
        withExtendedLifetime(file) {
            for block in 0..<blocks {
                let (from, to) = ((first + block) * 16, out + block * 17)
                to[0] = file.bytes[scales.lowerBound + first + block]
                for pair in 0..<8 {
                    // Elements 2p and 2p + 1, and those 16 further on.
                    let (low, high) = (codes[from + pair], codes[from + pair + 8])
                    to[1 + 2 * pair] = low & 15 | high << 4
                    to[2 + 2 * pair] = low >> 4 | high & 0xF0
                }
            }
        }
    }
}
