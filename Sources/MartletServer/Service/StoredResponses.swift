/// Answers that may be asked for again: bounded in number, forgotten with the process.

import MartletJSON
import MartletTemplates
import Synchronization

/// Keeps responses for each tenant; the oldest go first.
final class StoredResponses: Sendable {
    /// A response with what a later one goes on with.
    struct Entry: Sendable {
        let tenant: String
        /// The object as it was sent.
        let value: JSONValue
        /// The items of the request and of the answer, in order.
        let items: [JSONValue]
        /// What was said, the answer included.
        let messages: [Message]
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order: [String] = []
    }

    private let limit = 1000
    private let state = Mutex(State())

    /// Keeps a response.
    func keep(_ id: String, _ entry: Entry) {
        state.withLock { state in
            if state.entries.updateValue(entry, forKey: id) == nil { state.order.append(id) }
            while state.order.count > limit {
                state.entries[state.order.removeFirst()] = nil
            }
        }
    }

    /// A response of this tenant; nil where there is none.
    func entry(_ id: String, of tenant: String) -> Entry? {
        state.withLock { $0.entries[id].flatMap { $0.tenant == tenant ? $0 : nil } }
    }

    /// Forgets a response; false where there was none.
    func remove(_ id: String, of tenant: String) -> Bool {
        state.withLock { state in
            guard state.entries[id]?.tenant == tenant else { return false }
            state.entries[id] = nil
            state.order.removeAll { $0 == id }
            return true
        }
    }
}
