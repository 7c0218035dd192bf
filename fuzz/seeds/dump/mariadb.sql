/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: old
-- ------------------------------------------------------
-- Server version	10.11.19-MariaDB-0+deb12u1

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

--
-- Table structure for table `monitor_record`
--

DROP TABLE IF EXISTS `monitor_record`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `monitor_record` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `type` int(11) DEFAULT NULL,
  `value` int(11) DEFAULT NULL,
  `alert` tinyint(1) DEFAULT NULL,
  `alert_message` text DEFAULT NULL,
  `timestamp` datetime DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `monitor_record`
--

LOCK TABLES `monitor_record` WRITE;
/*!40000 ALTER TABLE `monitor_record` DISABLE KEYS */;
INSERT INTO `monitor_record` VALUES
(1,0,1,1,'订单 4711 未付款','2025-03-01 08:00:00'),
(2,1,3,1,'it\'s \"late\"; see C:\\new	col\nsecond line','2025-03-01 08:01:02'),
(3,2,131,1,'🔥 100% over -- not a comment /* nor this */ (1,2),(3,4);','2025-03-01 08:02:00'),
(4,0,2,0,'recovered','2025-03-01 08:03:00'),
(5,1,NULL,1,NULL,'2025-03-01 08:04:00'),
(6,0,5,0,'','2025-03-01 08:05:00'),
(7,3,7,1,'a metric that was added: W','2025-03-01 08:06:00'),
(9,2,2147483647,1,'最后一条','2025-03-01 08:08:00');
/*!40000 ALTER TABLE `monitor_record` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `realtime_monitor`
--

DROP TABLE IF EXISTS `realtime_monitor`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `realtime_monitor` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `type` int(11) DEFAULT NULL,
  `value` int(11) DEFAULT NULL,
  `timestamp` datetime DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `realtime_monitor`
--

LOCK TABLES `realtime_monitor` WRITE;
/*!40000 ALTER TABLE `realtime_monitor` DISABLE KEYS */;
INSERT INTO `realtime_monitor` VALUES
(1,0,6,'2025-03-01 08:09:00'),
(2,1,3,'2025-03-01 08:09:01'),
(3,2,131,'2025-03-01 08:09:02');
/*!40000 ALTER TABLE `realtime_monitor` ENABLE KEYS */;
UNLOCK TABLES;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-27  7:25:18
