/// DMC: the model marks tokens, which are merged into those before them (2403.09636).

extension CachePolicyEntry {
    static let dmc = CachePolicyEntry(
        name: "dmc", summary: "merges the tokens that the model marks into those before them",
        source: "Dynamic Memory Compression (2403.09636)",
        parameters: .learned(
            1...4096, "tokens that one mean covers at most (default: as trained)"),
        phases: [.prefill, .decode], sharesPrefix: true,
        signals: "a mark of each token and head from the model",
        state: "4 bytes a token, 8·window·d bytes a head", examples: ["dmc(cr=3)"],
        sweep: [SweepForm(12, .model, "dmc")],
        sized: { _ in ["dmc(cr=8)"] }
    ) { [LearnedEviction(rule: .merging(members: $0.learnedWindow), decisions: $0.decisions)] }
}
