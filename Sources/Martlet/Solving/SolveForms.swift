/// The forms in which a model can look for an answer: as it was loaded, and compressed. Knows no budget.

import MartletFormats
import MartletPolicies

/// A model under a policy, as a plan sees it.
package struct SolveForm: Sendable {
    /// Weights and policy.
    package let loaded: LoadedModel
    /// Tokens over cached tokens; 1 for a dense cache.
    var ratio: Double
    /// Tokens over tokens that a step reads.
    var readRatio: Double
    /// Tokens that a completion may need.
    let usualTokens: Int
    /// The longest chains that it was made for; nil where any are.
    let longest: Int?
    /// Whether it was not asked for, but only brought up by a sweep that measured it.
    let isSweeps: Bool
    /// The policy by whose text a sweep knows it; nil where it is known by its method.
    let measuredPolicy: String?

    /// Reads what the model's files say of it.
    package init(_ loaded: LoadedModel, isSweeps: Bool = false) {
        self.loaded = loaded
        self.isSweeps = isSweeps
        (measuredPolicy, longest) = (nil, nil)
        usualTokens = loaded.usualCompletionTokens
        ratio = loaded.compressionRatio
        readRatio = ratio
    }

    /// The same weights under a policy that a sweep measured. Throws what the policy's text does.
    init(_ loaded: LoadedModel, under policy: MeasuredSweep.Policy) throws(MartletError) {
        self.loaded = try loaded.under(policy.text)
        isSweeps = true
        measuredPolicy = policy.text
        // A budget for chains of this length is none for longer ones.
        longest = policy.length
        usualTokens = min(policy.length, loaded.usualCompletionTokens)
        (ratio, readRatio) = (policy.held, policy.read)
    }
}

/// A model's forms, and the sweep that compared them; loaded when they are first asked for, and kept.
actor SolveForms {
    /// What one search plans with.
    struct FormList: Sendable {
        /// The form to prefer first.
        let forms: [SolveForm]
        /// What was measured of them; nil where nothing was.
        let sweep: MeasuredSweep?
    }

    private typealias Loading = Task<Result<[SolveForm], MartletError>, Never>

    private let first: SolveForm
    private var loading: Loading?
    /// Whether the sweep was looked for.
    private var hasSweep = false
    private var sweep: MeasuredSweep?
    /// Sweeps that searches named, by their paths.
    private var named: [String: MeasuredSweep] = [:]

    init(_ loaded: LoadedModel) { first = SolveForm(loaded) }

    /// The model as it was loaded, followed, if they are wanted, by its compressed forms, by each of these with keys and
    /// values stored as the sweep measured it too, and by the policies of a sweep that was named. Throws what reading the
    /// sweep and loading forms throws.
    ///
    /// - Parameter path: the sweep to plan by; nil for the one beside the weights.
    func choice(
        compressed: Bool, codecs: Bool, sweep path: String?
    ) async throws(MartletError) -> FormList {
        let sweep =
            try path.map { (path) throws(MartletError) in try named(path) } ?? besideWeights()
        let others = compressed ? try await compressedForms() : []
        var forms = [first] + others
        guard let sweep else { return FormList(forms: forms, sweep: nil) }
        if codecs { forms = try Self.stored(forms, by: sweep) }
        // Methods that were never asked for come only out of a sweep that was.
        guard compressed, codecs, path != nil, first.loaded.policy.storage == nil else {
            return FormList(forms: forms, sweep: sweep)
        }
        for policy in sweep.policies(besides: first.loaded) {
            forms.append(try SolveForm(first.loaded, under: policy))
        }
        return FormList(forms: forms, sweep: sweep)
    }

    private func named(_ path: String) throws(MartletError) -> MeasuredSweep {
        if let known = named[path] { return known }
        let sweep = try MeasuredSweep(named: path, of: first.loaded.name)
        named[path] = sweep
        return sweep
    }

    private func besideWeights() -> MeasuredSweep? {
        if !hasSweep {
            sweep = first.loaded.checkpoint.flatMap { MeasuredSweep(folder: $0.directory) }
            hasSweep = true
        }
        return sweep
    }

    /// Each form, followed by the same weights with the codecs of integers that a sweep measured it with. A form that
    /// stores integers, or under a policy that says how, is somebody's choice.
    private static func stored(
        _ forms: [SolveForm], by sweep: MeasuredSweep
    ) throws(MartletError) -> [SolveForm] {
        var all: [SolveForm] = []
        for form in forms {
            all.append(form)
            guard form.loaded.policy.storage == nil else { continue }
            for codec in sweep.codecs(of: form.loaded) {
                let policy = "\(form.loaded.policyText) + kv(\(codec))"
                all.append(SolveForm(try form.loaded.under(policy), isSweeps: true))
            }
        }
        return all
    }

    private func compressedForms() async throws(MartletError) -> [SolveForm] {
        let loading = self.loading ?? load()
        self.loading = loading
        switch await loading.value {
        case .success(let forms): return forms
        case .failure(let error):
            // Files may be there the next time.
            self.loading = nil
            throw error
        }
    }

    private func load() -> Loading {
        Task { [first] in
            do throws(MartletError) {
                var forms: [SolveForm] = []
                for (name, policy) in first.loaded.compressedForms {
                    var options = first.loaded.options
                    options.cachePolicy = policy
                    // They belong to the weights that were asked for.
                    options.adapters = [:]
                    forms.append(SolveForm(try await LoadedModel.load(name, options: options)))
                }
                return .success(forms)
            } catch { return .failure(error) }
        }
    }
}
