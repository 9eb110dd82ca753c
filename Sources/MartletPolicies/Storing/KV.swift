/// How keys and values are stored: a codec, or full pages sealed in fewer bits; KIVI (2402.02750), ZipCache
/// (2405.14256); and sealed only where there is no room.

import MartletCache
import MartletKernels

/// A codec for pages that are written, and what becomes of them when they are full.
struct Storage: CacheMethod {
    let pageCodec: CacheCodec
    /// How full pages are stored in fewer bits; nil where they stay as they were written.
    var seal: SealPlan?
    /// The codec to use where other methods let no page be sealed; nil where sealing was asked for.
    var unsealed: CacheCodec?

    var decision: PolicyDecision { .storing }
    var codec: CacheCodec? { pageCodec }

    var demands: MethodDemands {
        var demands = MethodDemands()
        demands.sealsPages = seal != nil
        return demands
    }

    /// Where nothing else acts on the cache, pages are sealed while a prompt is computed. Where others write to
    /// full pages or look into them, a codec that was named without saying along what scales each token.
    func beside(
        _ others: [any CacheMethod]
    ) -> (method: any CacheMethod, says: [PolicyArgument]) {
        guard var seal else { return (self, []) }
        if let unsealed {
            let isRefused = others.contains {
                $0.conflict(with: demands, named: "kv", own: "") != nil
            }
            guard !isRefused else {
                return (
                    Storage(pageCodec: unsealed),
                    [PolicyArgument(name: "by", value: .name("token"))]
                )
            }
        }
        if others.isEmpty, !seal.isOnDemand {
            seal.isByPosition = seal.canBeByPosition
            seal.promptPiece = seal.canBeByPosition ? nil : SealPlan.piece
        }
        return (
            Storage(pageCodec: pageCodec, seal: seal),
            unsealed == nil
                ? []
                : [
                    PolicyArgument(name: "by", value: .name("channel")),
                    PolicyArgument(name: "residual", value: .integer(seal.residual)),
                ]
        )
    }

    func describe(_ traits: inout CacheTraits) {
        guard let seal else { return }
        traits.sealKinds = seal.kinds
        traits.undo = min(traits.undo, seal.undo)
        traits.demotes = seal.isOnDemand
        if seal.isOnDemand { return }
        if let piece = seal.promptPiece { traits.promptPiece = piece }
        if seal.isByPosition {
            traits.openPages = KVPage.count(forSlots: seal.residual)
            traits.promptStep = SealPlan.step
            return
        }
        traits.tracksSlots = true
        traits.actsAfterPrompt = true
        traits.stepsSingly = true
        traits.prefixSharing = .never
    }

    func fit(
        _ traits: inout CacheTraits, to shape: KVShape, policy: PolicyNames
    ) throws(CacheError) { try seal?.gates?.fit(shape, policy: policy) }

    var maker: StageMaker? {
        guard let seal else { return nil }
        return StageMaker(
            memory: { SealingMemory(seal) },
            stage: { context, index throws(KernelError) in
                try SealingStage(seal, context, index: index)
            })
    }
}

extension CachePolicyEntry {
    static let kv = CachePolicyEntry(
        name: "kv",
        summary:
            "stores keys and values in another way: f32, f16, bf16, q8, q4, kivi, zipcache, mixed",
        source: "pages of 16 tokens; KIVI (2402.02750), ZipCache (2405.14256)",
        parameters: [
            CachePolicyParameter(
                name: "by", domain: .choice(["token", "channel"]), defaultValue: nil,
                summary:
                    "q8, q4: what keys are scaled along (default channel, in full pages; token where "
                    + "other methods write to full pages or look into them)", isRequired: false),
            CachePolicyParameter(
                name: "bits", domain: .integer(2...8), defaultValue: nil,
                summary: "kivi: 2, 4 or 8 (default 2)", isRequired: false),
            CachePolicyParameter(
                name: "residual", domain: .integer(0...65_536), defaultValue: nil,
                summary:
                    "by channel, kivi, zipcache, mixed: newest tokens that stay in f16, beside those of the "
                    + "page that is written (default 0 by channel, 128 for the others)",
                isRequired: false),
            CachePolicyParameter(
                name: "demote", domain: .choice(["q8", "q4"]), defaultValue: nil,
                summary:
                    "f16: what full pages become when the memory runs short, of the least urgent "
                    + "sequences first, before one gives way (default none)", isRequired: false),
            CachePolicyParameter(
                name: "salient", domain: .decimal(0...1), defaultValue: nil,
                summary: "zipcache: fraction of the tokens that get four bits (default 0.6)",
                isRequired: false),
            CachePolicyParameter(
                name: "every", domain: .integer(16...65_536), defaultValue: nil,
                summary: "zipcache: generated tokens between two encodings (default 100)",
                isRequired: false),
            CachePolicyParameter(
                name: "high", domain: .integer(2...8), defaultValue: nil,
                summary: "mixed: bits of the heads that lose most (default 8)", isRequired: false),
            CachePolicyParameter(
                name: "low", domain: .integer(2...8), defaultValue: nil,
                summary: "mixed: bits of the others (default 2)", isRequired: false),
            CachePolicyParameter(
                name: "share", domain: .decimal(0...1), defaultValue: nil,
                summary: "mixed: fraction of the heads that lose most (default 0.5)",
                isRequired: false),
            .gates,
        ],
        phases: [.prefill, .decode], sharesPrefix: true, wraps: .codec,
        signals: "zipcache: the weights of a tenth of the rows; others none",
        examples: [
            "kv(q8)", "kv(q4)", "kv(f16, demote=q8)", "kv(f16, demote=q4)", "kv(q8, by=token)",
            "kv(q4, by=token)", "kv(bf16)",
            "kv(q8, by=channel, residual=16)",
            "kv(q4, by=channel, residual=0)", "kv(kivi, residual=32)",
            "kv(kivi, bits=4, residual=20)", "kv(zipcache, every=16, residual=0)",
            "kv(zipcache, salient=0.3, every=20, residual=16)", "kv(mixed, residual=16)",
            "kv(mixed, high=4, low=2, share=0.25, residual=0)",
        ],
        sized: { _ in ["kv(q8)", "kv(q4)"] }
    ) { values throws(CacheError) in
        guard let name = values.codec else {
            preconditionFailure("CachePolicyRegistry: kv was bound without a codec")
        }
        let plan = try values.sealPlan(name)
        // What will be sealed is written in halves first.
        return [
            Storage(
                pageCodec: plan == nil ? name.codec : .f16, seal: plan,
                unsealed: plan != nil && values.saysNothingOfSealing && name.codec != .f16
                    ? name.codec : nil)
        ]
    }
}

extension CachePolicyValues {
    /// Whether it is left to what stands beside the term along what keys are scaled.
    fileprivate var saysNothingOfSealing: Bool {
        values["by"] == nil && values["residual"] == nil
    }

    fileprivate func sealPlan(_ name: StorageName) throws(CacheError) -> SealPlan? {
        let isByChannel = values["by"] != .name("token")
        var allowed: Set<String>
        var method: SealPlan.Method?
        switch name {
        case .f32, .bf16: allowed = []
        case .f16:
            allowed = ["demote"]
            if case .name(let kind)? = values["demote"] {
                method = .onDemand(bits: kind == "q4" ? 4 : 8)
            }
        case .q8, .q4:
            allowed = isByChannel ? ["by", "residual"] : ["by"]
            if isByChannel { method = .uniform(bits: name == .q8 ? 8 : 4) }
        case .kivi:
            allowed = ["bits", "residual"]
            method = .uniform(bits: try bits("bits", default: 2))
        case .zipcache:
            allowed = ["salient", "every", "residual"]
            method = .salient(
                share: fraction("salient", default: 0.6), every: count("every", default: 100))
        case .mixed:
            allowed = ["high", "low", "share", "gates", "residual"]
            var gates: HeadGates?
            if case .text(let path)? = values["gates"] {
                gates = try HeadGates(path: path, streaming: 0, policy: policy)
            }
            method = .heads(
                high: try bits("high", default: 8), low: try bits("low", default: 2),
                share: fraction("share", default: 0.5), gates: gates)
        }
        for given in values.keys.sorted() where !allowed.contains(given) {
            throw .badPolicyParameter(
                policy: "\(policy)(\(name.rawValue))", parameter: given, got: "a value",
                expected: allowed.isEmpty
                    ? "no parameter" : "one of \(allowed.sorted().joined(separator: ", "))")
        }
        // The tokens of the page that is written are open anyway, and enough.
        let isPlain = name == .q8 || name == .q4 || name == .f16
        let residual = count("residual", default: isPlain ? 0 : 128)
        return method.map { SealPlan(method: $0, residual: residual) }
    }

    private func bits(_ name: String, default fallback: Int) throws(CacheError) -> Int {
        let bits = count(name, default: fallback)
        guard [2, 4, 8].contains(bits) else {
            throw .badPolicyParameter(
                policy: policy, parameter: name, got: "\(bits)", expected: "2, 4 or 8")
        }
        return bits
    }

    private func count(_ name: String, default fallback: Int) -> Int {
        if case .integer(let value)? = values[name] { value } else { fallback }
    }

    private func fraction(_ name: String, default fallback: Double) -> Double {
        if case .decimal(let value)? = values[name] { value } else { fallback }
    }
}
