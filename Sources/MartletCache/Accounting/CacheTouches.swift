/// What one thread touches of a cache beside attention.

/// Counts bytes that a method looks at or writes beside attention, until they are taken for a sequence's account.
/// One thread owns it.
///
/// Keys of a page lie channel by channel, so that a look at one of them brings in all of the page's keys. Looks at
/// the same page one after another count once.
package final class CacheTouches {
    private let shape: KVShape
    private var bytes = 0
    /// Pages whose bounds were read since the last ``take()``.
    package private(set) var bounds = 0
    private var lastPage: Int32?

    /// Counts nothing yet.
    package init(_ shape: KVShape) { self.shape = shape }

    /// Counts a pass over the keys of some pages.
    package func readKeys(pages: Int) { bytes += pages * shape.keyBytes }

    /// Counts a look at one key.
    package func readKey(page: Int32) {
        if page != lastPage { bytes += shape.keyBytes }
        lastPage = page
    }

    /// Counts a pass over keys and values of some pages.
    package func readPages(_ pages: Int) { bytes += pages * shape.pageBytes }

    /// Counts a pass over what describes some pages.
    package func readBounds(pages: Int) {
        bounds += pages
        bytes += pages * shape.boundsBytes
    }

    /// Counts numbers of four bytes that a method remembers beside the pages, and goes through.
    package func readMemory(_ numbers: Int) { bytes += 4 * numbers }

    /// The bytes since the last call, which are counted no more.
    package func take() -> Int {
        defer { (bytes, bounds, lastPage) = (0, 0, nil) }
        return bytes
    }
}
