from botocore.session import Session


def s3_origins(region: str, *buckets: str) -> list[str]:
    """Where AWS serves S3 in a region, and the buckets in it, as a browser names origins.

    botocore knows each partition's domain: China's is amazonaws.com.cn. Raises `UnknownRegionError`, which says so.
    """
    botocore = Session()
    suffixes = {each["partition"]: each["dnsSuffix"] for each in botocore.get_data("endpoints")["partitions"]}
    host = f"s3.{region}.{suffixes[botocore.get_partition_for_region(region)]}"
    return [f"https://{name}" for name in (host, *(f"{bucket}.{host}" for bucket in buckets))]
