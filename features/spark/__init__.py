"""Apache Spark in a process of its own: no JVM and no port outlive the answer."""
