/// The prompts of a batch as one tree of their beginnings. A plain value: no engine, no cache, no text.

import MartletCache

/// Prompts that are all known beforehand, with what they have in common.
///
/// ```
/// root ── a document ─┬─ question 1
///                     ├─ question 2
///                     └─ more of it ─┬─ question 3
///                                    └─ question 4
/// ```
/// A node is a run of tokens; who goes through it has all of them. ``order()`` walks the tree so that everything below a
/// node comes together: each run is computed by the first prompt that goes through it, and is in use until the last one
/// has begun. After BatchLLM (arXiv 2412.03594), which flattens the tree to one level because its cache shares no more;
/// here a prompt goes on with any of them. Beginnings are found by their pages, so what is shorter than a page is nobody's.
package struct PromptTree: Sendable {
    /// A prompt of the batch.
    package struct Prompt: Sendable {
        /// The tokens.
        package let tokens: [Int32]
        /// What it can share with: prompts of other namespaces have nothing in common with it.
        package let namespace: String
        /// Tokens that its answers are expected to have together.
        package let answerTokens: Int

        /// Describes a prompt.
        package init(tokens: [Int32], namespace: String = "", answerTokens: Int = 0) {
            self.tokens = tokens
            self.namespace = namespace
            self.answerTokens = answerTokens
        }
    }

    /// A run of tokens.
    struct Node: Sendable {
        /// The run before it; nil for what begins a prompt.
        var parent: Int?
        /// Tokens from the beginning of a prompt to the run's end.
        var depth: Int
        /// Prompts that end with it, in the batch's order.
        var prompts: [Int] = []
        /// Runs after it.
        var children: [Int] = []
        /// Tokens of it and of what follows, each once.
        var runTokens = 0
        /// Tokens of the answers to all prompts that go through it.
        var answerTokens = 0
        /// The first prompt that goes through it, in the batch's order.
        var first = Int.max
    }

    /// When a prompt has its turn.
    package struct Place: Sendable, Hashable {
        /// The prompt, by its place in the batch.
        package let prompt: Int
        /// Tokens that it goes on with.
        package let sharedTokens: Int
        /// The prompt that computes them, which has its turn before; nil where there are none.
        package let leader: Int?
    }

    private let prompts: [Prompt]
    private(set) var nodes: [Node] = []
    private var roots: [Int] = []
    /// The node that each prompt ends with.
    private(set) var ends: [Int]

    /// Makes the tree. The time is that of sorting the prompts.
    package init(_ prompts: [Prompt]) {
        self.prompts = prompts
        ends = Array(repeating: 0, count: prompts.count)
        build()
        count()
    }

    /// Tokens of all prompts.
    package var promptTokens: Int { prompts.reduce(0) { $0 + $1.tokens.count } }

    /// A prompt, by its place in the batch.
    package subscript(prompt: Int) -> Prompt { prompts[prompt] }

    // MARK: Building

    private mutating func build() {
        let sorted = prompts.indices.sorted { first, second in
            let (a, b) = (prompts[first], prompts[second])
            if a.namespace != b.namespace { return a.namespace < b.namespace }
            let common = Self.common(a.tokens, b.tokens)
            if common < min(a.tokens.count, b.tokens.count) {
                return a.tokens[common] < b.tokens[common]
            }
            return (a.tokens.count, first) < (b.tokens.count, second)
        }
        // The nodes from a root to the newest prompt's end.
        var path: [Int] = []
        var previous: Int?
        for prompt in sorted {
            var shared = 0
            if let previous, prompts[previous].namespace == prompts[prompt].namespace {
                shared = Self.common(prompts[previous].tokens, prompts[prompt].tokens)
                if shared < KVPage.tokens { shared = 0 }
            }
            var last: Int?
            while let top = path.last, nodes[top].depth > shared { last = path.popLast() }
            if shared > 0, path.last.map({ nodes[$0].depth < shared }) ?? true, let last {
                path.append(split(last, at: shared))
            }
            let depth = prompts[prompt].tokens.count
            if let top = path.last, nodes[top].depth == depth {
                nodes[top].prompts.append(prompt)
            } else {
                path.append(add(Node(parent: path.last, depth: depth, prompts: [prompt])))
            }
            ends[prompt] = path.last ?? 0
            previous = prompt
        }
        for index in nodes.indices {
            if let parent = nodes[index].parent {
                nodes[parent].children.append(index)
            } else {
                roots.append(index)
            }
        }
    }

    private mutating func add(_ node: Node) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    /// Puts a node before another that ends where others branch off.
    private mutating func split(_ index: Int, at depth: Int) -> Int {
        let upper = add(Node(parent: nodes[index].parent, depth: depth))
        nodes[index].parent = upper
        return upper
    }

    /// Adds up what is below each node.
    private mutating func count() {
        for index in nodesFromLeaves() {
            let parent = nodes[index].parent
            let start = parent.map { nodes[$0].depth } ?? 0
            nodes[index].runTokens += nodes[index].depth - start
            for prompt in nodes[index].prompts {
                nodes[index].answerTokens += prompts[prompt].answerTokens
                nodes[index].first = min(nodes[index].first, prompt)
            }
            guard let parent else { continue }
            nodes[parent].runTokens += nodes[index].runTokens
            nodes[parent].answerTokens += nodes[index].answerTokens
            nodes[parent].first = min(nodes[parent].first, nodes[index].first)
        }
    }

    private func nodesFromLeaves() -> [Int] {
        var downwards = roots
        var place = 0
        while place < downwards.count {
            downwards += nodes[downwards[place]].children
            place += 1
        }
        return downwards.reversed()
    }

    private static func common(_ first: [Int32], _ second: [Int32]) -> Int {
        let limit = min(first.count, second.count)
        return first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                var count = 0
                while count < limit, first[count] == second[count] { count += 1 }
                return count
            }
        }
    }

    // MARK: Order

    /// In which order prompts have their turn, with what each goes on with: prompts with the same beginning one after
    /// another. What has many tokens to choose for each one to compute goes first, so that there are chains that
    /// decode beside the long prompts that come later; of equals the larger part of the tree.
    package func order() -> [Place] {
        /// The first prompt that went through each node.
        var leaders = [Int?](repeating: nil, count: nodes.count)
        var places: [Place] = []
        places.reserveCapacity(prompts.count)
        var stack = Array(ranked(roots).reversed())
        while let index = stack.popLast() {
            for prompt in nodes[index].prompts {
                var (shared, leader) = (0, Int?.none)
                // Up to the deepest run that somebody went through.
                var ancestor: Int? = index
                while let place = ancestor {
                    if leaders[place] != nil {
                        (shared, leader) = (nodes[place].depth, leaders[place])
                        break
                    }
                    leaders[place] = prompt
                    ancestor = nodes[place].parent
                }
                // The last token's row is what the first of the answer is chosen from.
                shared = max(0, min(shared, prompts[prompt].tokens.count - 1))
                places.append(
                    Place(
                        prompt: prompt, sharedTokens: shared, leader: shared > 0 ? leader : nil))
            }
            stack += ranked(nodes[index].children).reversed()
        }
        return places
    }

    private func ranked(_ indices: [Int]) -> [Int] {
        indices.sorted { first, second in
            let (a, b) = (nodes[first], nodes[second])
            let ratios = (
                Double(a.answerTokens) / Double(max(1, a.runTokens)),
                Double(b.answerTokens) / Double(max(1, b.runTokens))
            )
            if ratios.0 != ratios.1 { return ratios.0 > ratios.1 }
            if a.runTokens != b.runTokens { return a.runTokens > b.runTokens }
            return a.first < b.first
        }
    }
}

/// Tokens that prompts under way hold together: each run of the tree once.
package struct ResidentPrompts: Sendable {
    private let tree: PromptTree
    /// How many prompts and runs below hold each run.
    private var holders: [Int]
    /// The tokens.
    package private(set) var tokens = 0

    /// No prompt of a tree is under way.
    package init(_ tree: PromptTree) {
        self.tree = tree
        holders = Array(repeating: 0, count: tree.nodes.count)
    }

    /// Tokens that would come with a prompt.
    package func additional(_ prompt: Int) -> Int {
        var node: Int? = tree.ends[prompt]
        while let index = node, holders[index] == 0 { node = tree.nodes[index].parent }
        return tree.nodes[tree.ends[prompt]].depth - (node.map { tree.nodes[$0].depth } ?? 0)
    }

    /// A prompt begins.
    package mutating func hold(_ prompt: Int) {
        var node: Int? = tree.ends[prompt]
        while let index = node {
            holders[index] += 1
            guard holders[index] == 1 else { return }
            tokens += length(index)
            node = tree.nodes[index].parent
        }
    }

    /// A prompt that was held has ended.
    package mutating func letGo(_ prompt: Int) {
        var node: Int? = tree.ends[prompt]
        while let index = node {
            precondition(
                holders[index] > 0, "ResidentPrompts.letGo: prompt \(prompt) is not held")
            holders[index] -= 1
            guard holders[index] == 0 else { return }
            tokens -= length(index)
            node = tree.nodes[index].parent
        }
    }

    private func length(_ index: Int) -> Int {
        let node = tree.nodes[index]
        return node.depth - (node.parent.map { tree.nodes[$0].depth } ?? 0)
    }
}
