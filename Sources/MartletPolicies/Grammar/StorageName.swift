/// The ways of storing keys and values that a policy's text can name.

import MartletKernels

/// What `kv` takes first: how keys and values are stored.
enum StorageName: String, CaseIterable, Sendable {
    case f32, f16, bf16, q8, q4, kivi, zipcache, mixed

    /// The codec of pages that are being written.
    var codec: CacheCodec { CacheCodec(rawValue: rawValue) ?? .f16 }
}
