/// What stands around a number and makes it negative, a part of something else, or unreadable; finds no numbers.

extension NumberScan {
    static let minus: Set<Unicode.Scalar> = ["-", "\u{2212}", "\u{FE63}", "\u{FF0D}"]
    static let dashes: Set<Unicode.Scalar> = ["\u{2013}", "\u{2014}"]
    static let powers = Set("⁰¹²³⁴⁵⁶⁷⁸⁹".unicodeScalars)
    /// Between digits these make a number of another country, a time, or a part of one.
    static let otherSeparators: Set<Unicode.Scalar> = [
        ".", ",", ":", "'", "\u{2019}", "_", "\u{B7}", "\u{A0}", "\u{202F}", "\u{2009}", "\u{2007}",
        "\u{66B}", "\u{66C}",
    ]
    static let multipliers = Set("万萬億亿兆千百十만억조천백십".unicodeScalars)
    static let currencyCodes: Set<String> = [
        "USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF", "CAD", "AUD", "Rs",
    ]

    /// A point before digits begins a number where nothing is before it that it could end.
    func mayBeginWithPoint(_ place: Int) -> Bool {
        guard let before = self[place - 1] else { return true }
        return
            !(before.properties.isAlphabetic || ".)]}_/".unicodeScalars.contains(before)
            || isDigit(place - 1))
    }

    /// Where a number begins with its sign and currency, whether it is negative, and whether that cannot be told.
    func sign(before place: Int) -> (start: Int, isNegative: Bool, isRefused: Bool) {
        var start = place
        func isCurrency(_ place: Int) -> Bool {
            self[place]?.properties.generalCategory == .currencySymbol
        }
        if isCurrency(start - 1) {
            start -= 1
        } else if self[start - 1] == " ", isCurrency(start - 2) {
            start -= 2
        }
        if start < place {
            if self[start - 1] == "\\" { start -= 1 }
            // US$ and the like, where a sign stands before them.
            var letters = start
            while start - letters < 3, let before = self[letters - 1], before.isASCII,
                before.properties.isUppercase
            { letters -= 1 }
            if letters < start, self[letters - 1].map(Self.minus.contains) == true {
                start = letters
            }
        }
        guard let before = self[start - 1] else { return (start, false, false) }
        if Self.minus.contains(before) || Self.dashes.contains(before) {
            // After a letter, a digit or a bracket it is a hyphen or a difference.
            if joins(start - 2) { return (start, false, false) }
            // A dash may be meant as a minus.
            return (start - 1, true, Self.dashes.contains(before))
        }
        guard before == " " else { return (start, false, false) }
        var at = start - 1
        while self[at - 1] == " " { at -= 1 }
        if let sign = self[at - 1], Self.minus.contains(sign) {
            var other = at - 2
            while self[other] == " " { other -= 1 }
            let isSign = self[other].map { "=(:<>≈".unicodeScalars.contains($0) } ?? false
            return isSign ? (at - 1, true, false) : (start, false, false)
        }
        var first = at
        while at - first < 9, isLetter(first - 1) { first -= 1 }
        switch Self.string(scalars[first..<at]).lowercased() {
        case "negative": return (first, true, false)
        case "minus":
            var other = first - 1
            while self[other] == " " { other -= 1 }
            let isDifference = isDigit(other) || self[other] == ")"
            return isDifference ? (start, false, false) : (first, true, false)
        default: return (start, false, false)
        }
    }

    /// Whether digits belong to a name, a root, an expression or a power that begins before them.
    func isPartOfMore(_ place: Int) -> Bool {
        guard let before = self[place - 1] else { return false }
        if isLetter(place - 1) {
            var first = place - 1
            while isLetter(first - 1) { first -= 1 }
            return !Self.currencyCodes.contains(Self.string(scalars[first..<place]))
        }
        if before == "_" {
            // Emphasis stands after something else than a letter.
            return self[place - 2].map { $0.properties.isAlphabetic } ?? false
        }
        if before == "/" || before == "√" { return true }
        if before == "{" {
            let root = Array("\\sqrt".unicodeScalars)
            return self[place - 2] == "}"
                || place > root.count
                    && scalars[(place - 1 - root.count)..<(place - 1)].elementsEqual(root)
        }
        return before == "*" && self[place - 2] == "*" && isDigit(place - 3)
    }

    /// Whether what follows makes another number of it.
    func goesOn(_ place: Int) -> Bool {
        guard let next = self[place] else { return false }
        if next == "^" || Self.powers.contains(next) { return true }
        if next == "½" || next.properties.generalCategory == .otherNumber { return true }
        if Self.otherSeparators.contains(next), isForeignDigit(place + 1) { return true }
        if isForeignDigit(place) { return true }
        let after = next == " " ? place + 1 : place
        guard let follows = self[after] else { return false }
        if Self.multipliers.contains(follows) || follows == "π" || follows == "√" { return true }
        let tail = Self.string(scalars[after..<min(scalars.count, after + 7)]).lowercased()
        return ["\\pi", "\\sqrt", "lakh", "crore"].contains { tail.hasPrefix($0) }
    }

    func isForeignDigit(_ place: Int) -> Bool {
        guard let scalar = self[place], !scalar.isASCII else { return false }
        return scalar.properties.generalCategory == .decimalNumber
    }
}
