/// About how many bytes a model's weights will take, from the headers of its files.

import MartletFormats
import MartletKernels

extension LoadedModel {
    /// Bytes of a model's weights as they are stored, or as the options pack them; nil for random weights, and for what cannot
    /// be read. Reads no weights.
    package static func storedBytes(of name: String, options: ModelOptions) -> Int? {
        guard let source = try? ModelSource(name) else { return nil }
        let opened = try? source.openCheckpoint()
        guard let checkpoint = (opened ?? nil) ?? ((try? source.openEncoder()) ?? nil) else {
            return nil
        }
        return storedBytes(of: checkpoint, options: options)
    }

    /// Bytes that an opened checkpoint's weights take.
    static func storedBytes(of checkpoint: Checkpoint, options: ModelOptions) -> Int {
        let entries = checkpoint.tensors.entries
        guard let type = options.weights else { return entries.reduce(0) { $0 + $1.byteCount } }
        return entries.reduce(0) { $0 + type.layout.bytes(weights: $1.elementCount) }
    }

    /// Whether a name means an encoder, which has no cache; false where its files cannot be read.
    package static func isEncoder(_ name: String) -> Bool {
        guard let source = try? ModelSource(name) else { return false }
        return ((try? source.openEncoder()) ?? nil) != nil
    }
}
