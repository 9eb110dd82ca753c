/// Where the transitions of expressions are stored.

/// One row for each expression that was looked at: what follows each class of bytes. Rows stay where they are until
/// ``removeAll(classCount:)``.
final class RowStorage {
    typealias Row = UnsafeMutablePointer<Expression>

    /// Rows as they were computed; they may lead to expressions that match nothing.
    private(set) var raw: UnsafeMutablePointer<Row?>
    /// Rows in which every transition can be completed.
    private(set) var live: UnsafeMutablePointer<Row?>
    private var count = 0
    private var capacity = 1 << 10
    private var slabs: [UnsafeMutablePointer<Expression>] = []
    private var used = 0
    private var classCount = 1
    private static let slab = 1 << 14

    init() {
        raw = .allocate(capacity: capacity)
        live = .allocate(capacity: capacity)
    }

    deinit {
        raw.deallocate()
        live.deallocate()
        for slab in slabs { slab.deallocate() }
    }

    var bytes: Int { slabs.count * Self.slab * MemoryLayout<Expression>.stride }

    func addExpression() {
        if count == capacity {
            for table in [\RowStorage.raw, \RowStorage.live] {
                let grown = UnsafeMutablePointer<Row?>.allocate(capacity: capacity * 2)
                grown.initialize(from: self[keyPath: table], count: count)
                self[keyPath: table].deallocate()
                if table == \RowStorage.raw { raw = grown } else { live = grown }
            }
            capacity *= 2
        }
        (raw + count).initialize(to: nil)
        (live + count).initialize(to: nil)
        count += 1
    }

    /// Room for one row, which leads nowhere.
    func makeRow() -> Row {
        if slabs.isEmpty || used + classCount > Self.slab {
            slabs.append(.allocate(capacity: Self.slab))
            used = 0
        }
        let row = slabs[slabs.count - 1] + used
        row.initialize(repeating: .nothing, count: classCount)
        used += classCount
        return row
    }

    func set(raw row: Row, of expression: Expression) { raw[Int(expression.id)] = row }
    func set(live row: Row, of expression: Expression) { live[Int(expression.id)] = row }

    /// Forgets all rows: classes have changed.
    func removeAll(classCount: Int) {
        self.classCount = classCount
        guard !slabs.isEmpty else { return }
        for slab in slabs { slab.deallocate() }
        slabs = []
        used = 0
        for index in 0..<count {
            raw[index] = nil
            live[index] = nil
        }
    }
}
