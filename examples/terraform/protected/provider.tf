terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.50"
    }
  }
}

variable "endpoint" {
  description = "Where cacheplane serves."
  default     = "http://127.0.0.1:4570"
}

provider "aws" {
  region     = "us-east-1"
  access_key = "test"
  secret_key = "test"

  endpoints {
    elasticache = var.endpoint
    sts         = var.endpoint
  }

  # There is no EC2 here whose metadata could be asked.
  skip_metadata_api_check = true
}
