// Schedules of published recipes.

extension LearningRateSchedule {
    /// Up to the peak at half of the budget and down to zero, both as lines (Geiping & Goldstein
    /// 2022, arXiv 2212.14034, section 4.3). Throws when `peak` is not above 0.
    public static func oneCycle(peak: Double) throws(OptimiserError) -> LearningRateSchedule {
        try LearningRateSchedule(peak: peak, shape: .linear, warmUp: .fraction(0.5))
    }

    /// Half of the peak up to the peak, then a cosine to 1e-5 (nanoT5, arXiv 2309.02373, section
    /// 3). With `minimum` 0 and steps counted by reference-system time it is the budget cosine of
    /// Kaddour et al. (2023). Throws for values out of range.
    public static func nanoT5(
        peak: Double = 2e-2, warmUpSteps: Double = 10_000, minimum: Double = 1e-5
    ) throws(OptimiserError) -> LearningRateSchedule {
        try LearningRateSchedule(
            peak: peak, shape: .cosine, warmUp: .steps(warmUpSteps), warmUpStart: 0.5,
            minimum: minimum)
    }

    /// min(1e-2, 1 / √step), and a line to zero over the last tenth: T5's own schedule, as nanoT5
    /// has it for comparison.
    public static func t5() throws(OptimiserError) -> LearningRateSchedule {
        try LearningRateSchedule(
            peak: 1e-2, shape: .inverseSquareRoot(timescale: 10_000, finalFraction: 0.1))
    }
}
