/// The forms in which a model can look for an answer: as it was loaded, and compressed. Knows no budget.

import MartletFormats
import MartletPolicies

/// A model under a policy, as a plan sees it.
package struct SolveForm: Sendable {
    /// Weights and policy.
    package let loaded: LoadedModel
    /// Tokens over cached tokens; 1 for a dense cache.
    var ratio: Double
    /// Tokens that a completion may need.
    let usualTokens: Int
    /// Whether keys and values are stored in fewer bits than was asked for, because a sweep measured it.
    let isStoredAnew: Bool

    /// Reads what the model's files say of it.
    package init(_ loaded: LoadedModel, isStoredAnew: Bool = false) {
        self.loaded = loaded
        self.isStoredAnew = isStoredAnew
        usualTokens = loaded.usualCompletionTokens
        ratio = loaded.compressionRatio
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

    init(_ loaded: LoadedModel) { first = SolveForm(loaded) }

    /// The model as it was loaded, followed, if they are wanted, by its compressed forms, and by each of these with keys
    /// and values stored as the sweep measured it too. Throws what loading them throws.
    func choice(compressed: Bool, codecs: Bool) async throws(MartletError) -> FormList {
        if !hasSweep {
            sweep = first.loaded.checkpoint.flatMap { MeasuredSweep(folder: $0.directory) }
            hasSweep = true
        }
        let others = compressed ? try await compressedForms() : []
        let forms = [first] + others
        guard codecs, let sweep else { return FormList(forms: forms, sweep: sweep) }
        return FormList(forms: try Self.stored(forms, by: sweep), sweep: sweep)
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
                all.append(SolveForm(try form.loaded.under(policy), isStoredAnew: true))
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
