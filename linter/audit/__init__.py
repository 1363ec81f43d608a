"""Archives at scale: work queue, store, executors, dashboards."""
