/// What is brought back of prompts that outlived an engine, while it is being read.

import MartletCache

/// What came of bringing back a prompt.
enum Restoring {
    /// There is nothing more of it.
    case nothing
    /// It is being read.
    case coming
    /// There is more than before.
    case done
}

/// Segments that are being read, or were.
struct PrefixFetch {
    /// Chains that they were read for.
    var chains: Set<ChainID>
    /// What came; nil as long as it is being read.
    var segments: FetchedSegments?
    /// About how many bytes it takes.
    var bytes = 0

    /// The most runs of segments that are read or wait at the same time.
    static let most = 4
    /// The most bytes that they take together.
    static let mostBytes = 1 << 30
}

/// Segments as they were read, in order.
struct FetchedSegments: Sendable {
    /// Those before the first that is missing or damaged.
    var segments: [PrefixSegment] = []
    /// The one that is damaged.
    var damaged: String?

    /// Reads segments. A damaged one ends the list.
    init(_ names: [String], origin: PrefixSegment.Origin, from storage: any PrefixStorage) {
        for name in names {
            guard let bytes = storage.read(name) else { return }
            do throws(CacheError) {
                segments.append(try PrefixSegment(bytes, origin: origin))
            } catch {
                damaged = name
                return
            }
        }
    }
}
