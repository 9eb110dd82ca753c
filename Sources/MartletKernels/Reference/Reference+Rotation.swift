// Rotary position embedding of one head.

extension Reference {
    /// Rotates the pairs (x[i], x[i + half]) by angles of the given cosines and sines:
    /// (a, b) becomes (a cos - b sin, b cos + a sin).
    package static func rotate(_ x: [Float], cosines: [Float], sines: [Float]) -> [Double] {
        let half = cosines.count
        var y = x.map(Double.init)
        for i in 0..<half {
            let (a, b) = (Double(x[i]), Double(x[half + i]))
            let (c, s) = (Double(cosines[i]), Double(sines[i]))
            y[i] = a * c - b * s
            y[half + i] = b * c + a * s
        }
        return y
    }
}
