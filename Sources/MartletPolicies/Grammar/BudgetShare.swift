/// Numbers of tokens that give way in a small budget, unless a policy's text states them.

/// How a parameter's default gives way: it takes at most a share of what stays.
///
/// Published constants, a window of 64 tokens say, come with budgets of a thousand. In a budget of a hundred the
/// same window would be most of what stays, and the method would choose nothing. So a default is a constant where
/// there is room and a share of the budget where there is not. What a text states is taken as it is.
///
/// A budget in tokens is known when the text is read, and the policy's canonical text has the number. A ratio is one
/// of each prompt, and bytes depend on the model; there the text has ``automatic`` in its place.
package struct BudgetShare: Sendable, Hashable, CustomStringConvertible {
    /// The word that a text has for a default which gives way.
    package static let automatic = "auto"

    /// At most one of so many tokens that stay.
    let divisor: Int
    /// As many are taken even so, at most the default.
    let least: Int
    /// The parameter that holds the budget.
    let budget: String
    /// A parameter that divides the share again, because the smallest budget is one of so many of the average.
    let divider: String?

    init(
        divisor: Int, least: Int = 1, of budget: String = "budget", dividedBy divider: String? = nil
    ) {
        self.divisor = divisor
        self.least = least
        self.budget = budget
        self.divider = divider
    }

    /// Of a window or of recent tokens: a quarter.
    static let quarter = BudgetShare(divisor: 4)
    /// Of tokens of which half are recent by design.
    static let half = BudgetShare(divisor: 2)
    /// Of sinks, which may go altogether: an eighth.
    static let sinks = BudgetShare(divisor: 8, least: 0)

    /// The share in words.
    package var description: String {
        let share =
            switch divisor {
            case 2: "half"
            case 4: "a quarter"
            case 8: "an eighth"
            default: "one in \(divisor)"
            }
        return "at most \(share) of \(budget)" + (divider.map { "/\($0)" } ?? "")
    }
}

/// A number of tokens: one that is stated, or a constant that gives way.
struct TokenAllowance: Sendable, Hashable {
    /// The number where there is room.
    let tokens: Int
    /// At most one of so many tokens that stay; nil for a stated number.
    private let divisor: Int?
    private let least: Int

    private init(tokens: Int, divisor: Int?, least: Int) {
        self.tokens = tokens
        self.divisor = divisor
        self.least = least
    }

    /// A number that does not give way.
    static func stated(_ tokens: Int) -> TokenAllowance {
        TokenAllowance(tokens: tokens, divisor: nil, least: 0)
    }

    /// A constant that gives way to a share, which `divider` divides again.
    static func upTo(
        _ tokens: Int, _ share: BudgetShare, dividedBy divider: Int = 1
    ) -> TokenAllowance {
        TokenAllowance(tokens: tokens, divisor: share.divisor * divider, least: share.least)
    }

    /// The number when a head keeps `kept` tokens on average.
    func of(_ kept: Int) -> Int {
        guard let divisor else { return tokens }
        return min(tokens, max(least, kept / divisor))
    }
}
