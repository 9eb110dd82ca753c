/// The best answer inside a budget, from a model that is loaded.

extension Model {
    /// Looks for the best answer inside a budget: several chains continue the prompt, share its part of the
    /// cache, and their answers are counted.
    ///
    /// ```swift
    /// let model = try await Model.load("builtin")
    /// for try await event in model.solve("C97:a=8,b=a*9+4,c=b*8,d=c-15,d?", budget: SolveBudget(deadline: .seconds(2))) {
    ///     if case .answer(let result) = event { print(result.answer ?? "none") }
    /// }
    /// ```
    /// The search has a cache of its own of `budget.memory` bytes, which it never exceeds, and reports the best
    /// answer so far at the deadline. Cancelling the reader ends it within one step; ``SolveStream/cancel()`` does
    /// too, and still brings the best answer so far.
    ///
    /// Length, width and form are chosen from what steps take on this machine, measured once in under a second. A
    /// model that has compressed forms (`builtin`, loaded with a dense cache) may answer in one of them, which
    /// ``SolveConfiguration/lossyMethods`` says; ``SolveOptions/usesCompressedForms`` forbids it. They are loaded with
    /// the first search that may use them.
    public func solve(
        _ prompt: String, budget: SolveBudget = SolveBudget(),
        options: SolveOptions = SolveOptions()
    ) -> SolveStream {
        solver.solve(prompt, budget: budget, options: options)
    }

    /// The same with the weights under another form, which is all that is searched with.
    package func solve(
        _ prompt: String, budget: SolveBudget, options: SolveOptions, under form: CacheForm
    ) -> SolveStream {
        form.id == CacheForm(loaded: loaded).id
            ? solve(prompt, budget: budget, options: options)
            : Solver(form.loaded, costs: costs).solve(prompt, budget: budget, options: options)
    }
}
