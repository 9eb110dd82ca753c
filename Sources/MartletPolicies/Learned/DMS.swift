/// DMS: the model marks tokens, which are freed some tokens later (2506.05345, section 3).

extension CachePolicyEntry {
    static let dms = CachePolicyEntry(
        name: "dms", summary: "frees the tokens that the model marks, some tokens later",
        source: "Dynamic Memory Sparsification (2506.05345)",
        parameters: .learned(
            1...65_536, "tokens for which a marked one is still seen (default: as trained)"),
        phases: [.prefill, .decode], sharesPrefix: true,
        signals: "a mark of each token and head from the model",
        state: "4 bytes a token, 4·(window + 2) bytes a head",
        examples: ["dms(cr=4, window=7)"],
        sweep: [SweepForm(1, .model, "dms")],
        sized: { ["dms(cr=8, window=\(min(256, $0)))"] }
    ) { [LearnedEviction(rule: .evicting(window: $0.learnedWindow), decisions: $0.decisions)] }
}
