/// In which order the requests of a batch begin, and which of them wait for others: a plain value.

import MartletEngine

/// The order of a batch's requests.
package struct BatchPlan: Sendable {
    /// How requests are ordered.
    package enum Order: String, Sendable, CaseIterable {
        /// Prompts with the same beginning one after another.
        case tree
        /// As they stand in the file.
        case file
    }

    /// A request's turn.
    struct Turn: Sendable {
        /// The request, by its place in the list that was planned.
        let request: Int
        /// Its prompts, by their places in the tree.
        var prompts: [Int] = []
        /// Turns that compute what it goes on with: their prompts must be there first.
        var leaders: [Int] = []
        /// Tokens that its answers are expected to have.
        var answerTokens = 0
        /// Tokens of its prompts that it computes itself.
        var ownTokens = 0
    }

    let turns: [Turn]
    let tree: PromptTree
    /// Tokens of all prompts.
    let promptTokens: Int
    /// Tokens that are computed where each beginning is computed once.
    let treeTokens: Int

    /// Plans requests.
    ///
    /// - Parameter prompts: the prompts of each request.
    init(_ prompts: [[PromptTree.Prompt]], order: Order) {
        var owners: [Int] = []
        for (request, list) in prompts.enumerated() {
            owners += list.map { _ in request }
        }
        tree = PromptTree(prompts.flatMap(\.self))
        let places = tree.order()
        promptTokens = tree.promptTokens
        treeTokens = promptTokens - places.reduce(0) { $0 + $1.sharedTokens }
        // The first of a request's prompts says when it has its turn; requests without prompts have theirs at the end.
        var seen = Array(repeating: false, count: prompts.count)
        var order =
            order == .file
            ? Array(prompts.indices)
            : places.map { owners[$0.prompt] }.filter { owner in
                defer { seen[owner] = true }
                return !seen[owner]
            }
        if order.count < prompts.count {
            order += prompts.indices.filter { !seen[$0] }
        }
        var turnOf = Array(repeating: 0, count: prompts.count)
        for (turn, request) in order.enumerated() { turnOf[request] = turn }
        var turns = order.map { Turn(request: $0) }
        for place in places {
            let turn = turnOf[owners[place.prompt]]
            turns[turn].prompts.append(place.prompt)
            turns[turn].ownTokens += tree[place.prompt].tokens.count - place.sharedTokens
            turns[turn].answerTokens += tree[place.prompt].answerTokens
            if let leader = place.leader.map({ turnOf[owners[$0]] }), leader < turn,
                !turns[turn].leaders.contains(leader)
            {
                turns[turn].leaders.append(leader)
            }
        }
        self.turns = turns
    }
}
