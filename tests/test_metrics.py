"""What is counted, and how it reads."""

from tertulia.metrics import RESUME_KINDS, Metrics


def test_each_has_its_own_registry() -> None:
    first, second = Metrics(), Metrics()
    first.posts.inc()
    assert b"tertulia_posts_total 1.0" in first.text()
    assert b"tertulia_posts_total 0.0" in second.text()


def test_all_of_it_is_shown() -> None:
    metrics = Metrics()
    metrics.connections.set(3)
    metrics.deliveries.inc(1_000)
    metrics.queue_depth.labels("committer").set(7)
    metrics.errors.labels("busy").inc()
    metrics.slow_closes.inc()
    metrics.commit_batch.observe(12)
    metrics.commit_seconds.observe(0.004)
    text = metrics.text().decode()
    for line in (
        "tertulia_connections 3.0",
        "tertulia_deliveries_total 1000.0",
        'tertulia_queue_depth{queue="committer"} 7.0',
        'tertulia_errors_total{code="busy"} 1.0',
        "tertulia_slow_closes_total 1.0",
        'tertulia_commit_batch_size_bucket{le="20.0"} 1.0',
        'tertulia_commit_seconds_bucket{le="0.005"} 1.0',
    ):
        assert line in text.splitlines()


def test_resumes_start_at_zero_for_each_kind() -> None:
    text = Metrics().text().decode()
    for kind in RESUME_KINDS:
        assert f'tertulia_resumes_total{{kind="{kind}"}} 0.0' in text
