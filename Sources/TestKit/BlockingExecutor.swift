/// Runs tasks on threads of their own, for tests whose fixtures block.
///
/// Swift's pool has as many threads as the machine has cores: a few blocking tests would stop every
/// other test of the process. A suite asks for it with a trait that wraps its tests in
/// `withTaskExecutorPreference(BlockingExecutor.shared)`.
package final class BlockingExecutor: TaskExecutor {
  package static let shared = BlockingExecutor()

  private init() {}

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    BackgroundThread.start(name: "blocking") {
      unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
  }
}
