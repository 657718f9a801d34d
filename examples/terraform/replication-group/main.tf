# Replication groups with cluster mode disabled: a primary, replicas, and an endpoint for each role.

variable "name" {
  description = "What every name here begins with."
  default     = "example"
}

variable "description" {
  default = "Sessions"
}

variable "members" {
  description = "The primary and its replicas."
  default     = 2
}

variable "engine" {
  default = "redis"
}

variable "engine_version" {
  default = "7.0"
}

variable "parameter_group" {
  default = "default.redis7"
}

variable "maintenance_window" {
  default = "sun:05:00-sun:06:00"
}

variable "tags" {
  default = { stage = "test" }
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "${var.name}-sessions"
  description                = var.description
  engine                     = var.engine
  engine_version             = var.engine_version
  node_type                  = "cache.t3.micro"
  num_cache_clusters         = var.members
  parameter_group_name       = var.parameter_group
  automatic_failover_enabled = true
  multi_az_enabled           = true
  maintenance_window         = var.maintenance_window
  apply_immediately          = true
  tags                       = var.tags
}

# The least that can be said.
resource "aws_elasticache_replication_group" "least" {
  replication_group_id = "${var.name}-least"
  description          = "One node of Redis"
  node_type            = "cache.t3.micro"
  apply_immediately    = true

  lifecycle {
    # The replica below is a member as well.
    ignore_changes = [num_cache_clusters]
  }
}

# A replica that joins by itself: all but its id and zone are the group's.
resource "aws_elasticache_cluster" "replica" {
  cluster_id           = "${var.name}-replica"
  replication_group_id = aws_elasticache_replication_group.least.id
}

data "aws_elasticache_replication_group" "sessions" {
  replication_group_id = aws_elasticache_replication_group.sessions.id
}

output "primary" {
  value = data.aws_elasticache_replication_group.sessions.primary_endpoint_address
}

output "reader" {
  value = data.aws_elasticache_replication_group.sessions.reader_endpoint_address
}
