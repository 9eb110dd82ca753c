/// In which order chains are served, and which one gives way when memory runs out.

/// What a policy may look at.
package struct SchedulingKey: Sendable, Hashable {
    /// The request's priority; larger is more urgent.
    package let priority: Int
    /// The request; an earlier one has a smaller number.
    package let request: RequestID
    /// The chain within the request.
    package let chain: Int
}

/// Orders chains. The first in order is served first; the last one gives way first when pages run
/// out. So the first of all is never held up by another, which is why every request ends.
package protocol SchedulingPolicy: Sendable {
    /// Whether the first chain goes before the second: a strict total order that never changes.
    func precedes(_ first: SchedulingKey, _ second: SchedulingKey) -> Bool
}

/// Higher priority first, then in order of arrival.
package struct FirstComeFirstServed: SchedulingPolicy {
    /// Creates the policy.
    package init() {}

    /// Whether the first chain goes before the second.
    package func precedes(_ first: SchedulingKey, _ second: SchedulingKey) -> Bool {
        if first.priority != second.priority { return first.priority > second.priority }
        if first.request != second.request { return first.request < second.request }
        return first.chain < second.chain
    }
}
