/// Which files of a target use which others, by the names of types, and the circles among them.

/// File A uses file B when A mentions a type that B alone declares. An extension uses the file of its
/// type; methods are not followed.
struct TypeGraph {
    struct Use {
        let type: String
        let from: SourceFile
        let line: Int
        let to: SourceFile
    }

    let files: [SourceFile]
    let uses: [Use]

    init(_ files: [SourceFile]) {
        self.files = files
        var homes: [String: [SourceFile]] = [:]
        for file in files {
            for type in file.types { homes[type, default: []].append(file) }
        }
        var uses: [Use] = []
        for file in files {
            var seen: Set<String> = []
            for token in file.tokens {
                guard let word = token.word, let home = homes[word], home.count == 1,
                    home[0].path != file.path, !file.allTypes.contains(word),
                    seen.insert(word).inserted
                else { continue }
                uses.append(Use(type: word, from: file, line: token.line, to: home[0]))
            }
        }
        self.uses = uses
    }

    /// The most files that all reach each other, by path; empty when there is no circle.
    var largestCircle: [String] {
        circles(Set(uses.map { Edge($0.from.path, $0.to.path) }))
            .max { $0.count < $1.count } ?? []
    }

    /// A use from each room to each other room that it uses.
    var usesBetweenRooms: [Edge: Use] {
        var between: [Edge: Use] = [:]
        for use in uses {
            guard let from = use.from.room, let to = use.to.room, from != to else { continue }
            if between[Edge(from, to)] == nil { between[Edge(from, to)] = use }
        }
        return between
    }
}

/// An arrow from one file or room to another.
struct Edge: Hashable {
    let from: String
    let to: String

    init(_ from: String, _ to: String) {
        self.from = from
        self.to = to
    }

    var reversed: Edge { Edge(to, from) }
}

/// The sets of two or more nodes that all reach each other, each sorted (Tarjan's algorithm).
func circles(_ edges: Set<Edge>) -> [[String]] {
    var search = CircleSearch(edges)
    return search.run()
}

private struct CircleSearch {
    private let next: [String: [String]]
    private var order: [String: Int] = [:]
    private var lowest: [String: Int] = [:]
    private var stack: [String] = []
    private var open: Set<String> = []
    private var found: [[String]] = []

    init(_ edges: Set<Edge>) {
        next = Dictionary(grouping: edges, by: \.from).mapValues { $0.map(\.to).sorted() }
    }

    mutating func run() -> [[String]] {
        for node in next.keys.sorted() where order[node] == nil { visit(node) }
        return found.sorted { $0[0] < $1[0] }
    }

    private mutating func visit(_ node: String) {
        let index = order.count
        order[node] = index
        var low = index
        stack.append(node)
        open.insert(node)
        for other in next[node] ?? [] {
            if order[other] == nil {
                visit(other)
                low = min(low, lowest[other] ?? low)
            } else if open.contains(other) {
                low = min(low, order[other] ?? low)
            }
        }
        lowest[node] = low
        guard low == index else { return }
        var circle: [String] = []
        while let last = stack.popLast() {
            open.remove(last)
            circle.append(last)
            if last == node { break }
        }
        if circle.count > 1 { found.append(circle.sorted()) }
    }
}
