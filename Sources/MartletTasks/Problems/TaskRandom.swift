/// Draws of whole numbers, orders and characters; knows no task.

import MartletKernels

/// The draws that tasks make. The standard library's own draws may change with its version, and a
/// sample must stay the same for ever.
package struct TaskRandom {
    private var generator: CounterRandom

    package init(seed: UInt64, stream: UInt64) {
        generator = CounterRandom(seed: seed, stream: stream)
    }

    package mutating func bits() -> UInt64 { generator.next() }

    /// Uniform in `0..<count`, which must not be empty.
    package mutating func below(_ count: Int) -> Int {
        Int(generator.next().multipliedFullWidth(by: UInt64(count)).high)
    }

    mutating func between(_ lower: Int, _ upper: Int) -> Int { lower + below(upper - lower + 1) }

    mutating func draw(_ range: TaskRange) -> Int { between(range.lower, range.upper) }

    /// Uniform in [0, 1).
    package mutating func unit() -> Double { generator.unit() }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, below(last + 1))
        }
    }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        shuffle(&result)
        return result
    }

    /// `count` different numbers of `0..<limit`, in the order drawn. `used` grows by them; it has
    /// `limit` elements, at least `count` of them false.
    mutating func distinct(_ count: Int, unlike used: inout [Bool]) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(count)
        while result.count < count {
            let number = below(used.count)
            guard !used[number] else { continue }
            used[number] = true
            result.append(number)
        }
        return result
    }

    mutating func distinct(_ count: Int, below limit: Int) -> [Int] {
        var used = [Bool](repeating: false, count: limit)
        return distinct(count, unlike: &used)
    }
}
