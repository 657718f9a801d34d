# A replication group with cluster mode enabled: node groups that share the slots, and one configuration endpoint.

variable "name" {
  description = "What every name here begins with."
  default     = "example"
}

variable "node_groups" {
  default = 2
}

variable "replicas" {
  description = "Replicas in each node group."
  default     = 1
}

variable "tags" {
  default = { stage = "test" }
}

resource "aws_elasticache_parameter_group" "this" {
  name   = "${var.name}-sharded"
  family = "valkey8"

  parameter {
    name  = "cluster-enabled"
    value = "yes"
  }

  parameter {
    name  = "cluster-allow-reads-when-down"
    value = "yes"
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id       = "${var.name}-sharded"
  description                = "A cluster"
  engine                     = "valkey"
  engine_version             = "8.1"
  node_type                  = "cache.t3.micro"
  num_node_groups            = var.node_groups
  replicas_per_node_group    = var.replicas
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  automatic_failover_enabled = true
  apply_immediately          = true
  tags                       = var.tags
}

data "aws_elasticache_replication_group" "this" {
  replication_group_id = aws_elasticache_replication_group.this.id
}

output "configuration" {
  value = data.aws_elasticache_replication_group.this.configuration_endpoint_address
}
