"""GraphQL at ``/lib``, as the library microservice of DTaaS (libms 0.5) answers it."""
